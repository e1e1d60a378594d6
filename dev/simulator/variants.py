"""One switch for each behavior that Feishu's documentation leaves open or describes differently from what is seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args, get_type_hints


@dataclass(slots=True)
class Variants:
    """How this tenant behaves where the sources are unclear. The first value of each switch is the default.

    Assigning an unknown value raises ``ValueError``: a typo must not silently test the default.
    """

    # Tokens
    wrong_secret_status: Literal[200, 400] = 200
    secret_rotation: Literal["revokes_tokens", "keeps_tokens"] = "revokes_tokens"
    # Tokens of people. Many answers of the accounts server are not documented
    grant_error_status: Literal[400, 200] = 400
    grant_errors: Literal["code", "name_only"] = "code"  # name_only: only the name of OAuth 2.0
    token_trouble: Literal["none", "20024", "20050", "20072", "html", "99991400", "21000", "21001"] = "none"
    challenge: Literal["own", "foreign", "missing"] = "own"  # the host of the page that 21000 names
    consent_code: Literal["works", "20004", "20065"] = "works"
    pkce: Literal["checked", "off"] = "checked"
    refresh_answer: Literal["sent", "lost", "late"] = "sent"  # the refresh itself always happens
    refresh_grace: Literal["none", "30s"] = "none"  # in which a used refresh token gives the same tokens again
    refresh_tokens: Literal["sent", "left_out", "kept"] = "sent"  # kept: a refresh gives none, and the old one works on
    used_refresh_token: Literal["20073", "20064"] = "20073"
    second_consent: Literal["keeps", "revokes"] = "keeps"  # what happens to the first one of the same person
    lifetimes: Literal["number", "text", "zero", "missing"] = "number"  # in answers
    token_type: Literal["Bearer", "bearer", "DPoP"] = "Bearer"
    granted_scopes: Literal["all", "one_missing"] = "all"
    device_polls: Literal["pending", "slow_down"] = "pending"  # the first one
    device_page: Literal["works", "20001"] = "works"
    revocation: Literal["empty", "code", "500"] = "empty"  # the answer
    event_on_revoke: Literal["sent", "none"] = "sent"
    # Apps made by scanning
    registration_methods: Literal["client_secret", "none"] = "client_secret"
    registration_polls: Literal["pending", "slow_down"] = "pending"  # the first one
    registration_page: Literal["works", "20001"] = "works"
    registration_scopes: Literal["asked", "two_missing"] = "asked"
    registration_brand: Literal["feishu", "lark"] = "feishu"
    # Gateway
    rate_limit: Literal["99991400", "190004", "190005", "190010"] = "99991400"  # only the first has headers
    denied_ip_status: Literal[400, 403] = 400
    log_id_key: Literal["log_id", "logid"] = "log_id"
    permission_violations: Literal["subject", "scope_and_url", "missing"] = "subject"
    # calendar/v4/freebusy/list
    empty_list: Literal["list", "missing_key", "null", "missing_data"] = "list"
    unknown_room: Literal["190002", "190014"] = "190002"
    disabled_room: Literal["answers", "190002"] = "answers"
    long_span: Literal["190014", "190002"] = "190014"
    error_details: Literal["value", "missing", "string", "empty", "null_item"] = "value"  # of 190014
    offset: Literal["tenant", "utc", "other"] = "tenant"
    row_order: Literal["sorted", "unsorted"] = "sorted"
    clipping: Literal["none", "clipped"] = "none"
    overlaps: Literal["as_booked", "merged", "split_overlapping"] = "as_booked"
    rsvp_status: Literal["on_request", "never", "always"] = "on_request"
    # Whether an event that is marked as free leaves its room free: in lists with only_busy, and in batches of rooms
    free_rows_of_rooms: Literal["left_out", "shown"] = "left_out"
    declined_rows: Literal["with_rsvp", "never", "always"] = "with_rsvp"  # decline and removed
    # calendar/v4/freebusy/batch
    idle_person: Literal["empty_list", "null", "missing_key", "omitted"] = "empty_list"
    unknown_person: Literal["195100", "left_out"] = "195100"
    # meeting_room/freebusy/batch_get
    room_batch: Literal["served", "30005", "404"] = "served"  # the others: taken offline
    room_batch_limit_status: Literal[400, 429] = 400  # of 99991400
    too_many_rooms: Literal["105002", "truncated"] = "105002"
    idle_room: Literal["omitted", "empty_list"] = "omitted"
    unknown_batch_room: Literal["error_room_ids", "100005", "omitted"] = "error_room_ids"
    error_room_ids: Literal["when_any", "always"] = "when_any"
    free_busy: Literal["map", "list_of_maps", "list_of_rows", "null", "missing"] = "map"
    window_echo: Literal["both", "no_time_min", "no_time_max", "neither"] = "both"
    pending_rows: Literal["shown", "hidden"] = "shown"
    organizer_names: Literal["sent", "left_out"] = "sent"
    # contact/v3
    email_echo: Literal["as_sent", "as_registered"] = "as_sent"
    # vc/v1
    rooms_without_level: Literal["all", "direct", "some"] = "all"  # some: two of each level
    rooms_of_level: Literal["subtree", "direct"] = "subtree"
    disabled_rooms: Literal["listed", "hidden"] = "listed"
    room_status: Literal["always", "when_disabled"] = "always"
    enabled_again: Literal["in_time", "late"] = "in_time"  # after its period, a disabled room
    disable_times: Literal["string", "int"] = "string"
    path_root: Literal["left_out", "included"] = "left_out"
    # Events of the app in calendar/v4
    primary_as_id: Literal["accepted", "191001"] = "accepted"  # the word "primary" instead of the calendar's id
    room_contact: Literal["optional", "declines", "190014"] = "optional"  # what a request without a contact gets
    approval: Literal["190014", "needs_action", "decline"] = "190014"  # what a request for an approval room gets
    own_rows: Literal["at_accept", "at_request"] = "at_accept"  # when batches of rooms show a request of the app
    patch_conflict: Literal["room_removed", "190014"] = "room_removed"  # when a room refuses the new time
    patch_past_start: Literal["accepted", "room_removed"] = "accepted"
    reason_missing: Literal["190014", "decline"] = "190014"  # what a person's request without a reason gets
    # calendar/v4/freebusy/room_availability_check
    room_check: Literal["served", "190014", "404"] = "served"
    room_check_without_event: Literal["served", "190014"] = "served"
    # meeting_room/instance/reply
    reply_effect: Literal["vanishes", "shrinks", "vanishes_at_once", "never"] = "vanishes"
    reply_zero_on_series: Literal["all", "105003"] = "all"
    reply_start_on_single: Literal["105003", "accepted"] = "105003"
    reply_again: Literal["105003", "0"] = "105003"  # the code of a second reply
    # meeting_room/summary/batch_get
    private_titles: Literal["error", "returned", "empty", "omitted"] = "error"
    most_titles: Literal["50", "100", "none"] = "50"
    too_many_titles: Literal["105002", "100002"] = "105002"
    untold_titles: Literal["listed", "left_out"] = "listed"  # in ErrorEventUids
    # The long connection: bootstrap and handshake
    connection_limit: Literal["bootstrap", "handshake"] = "bootstrap"  # where the limit is checked
    connection_url: Literal["full", "no_service_id"] = "full"
    handshake: Literal["101", "514", "514_without_code", "514_too_many", "403", "500", "no_headers", "hang"] = "101"
    app_version: Literal["published", "under_review"] = "published"
    online_count: Literal["real", "stale"] = "real"  # stale: up to 60 s old
    # The long connection: the link. A connection keeps the value with which it was opened
    link: Literal["works", "zombie", "silent"] = "works"  # zombie: pongs, no events; silent: nothing
    pong: Literal["config", "empty", "missing", "garbage"] = "config"
    server_pings: Literal["sent", "off"] = "sent"  # WebSocket pings
    client_pings: Literal["answered", "ignored"] = "answered"  # WebSocket pings
    # The long connection: frames. From seq_too_large on, the event of the frame cannot be read
    frames: Literal[
        "whole",
        "fragments",
        "fragments_reversed",
        "fragment_twice",
        "fragment_missing",
        "fragment_empty",
        "unknown_field",
        "headers_missing",
        "text",  # one before the event, as with method_7 and card
        "method_7",
        "card",
        "seq_too_large",
        "sum_huge",
        "bad_utf8",
        "cut_off",
        "required_field_missing",
    ] = "whole"
    # Events. It is not documented which changes of a booking send one
    event_on_request: Literal["none", "sent"] = "none"  # a room is invited, and has not replied
    event_on_decline: Literal["none", "sent"] = "none"
    event_on_book: Literal["sent", "none"] = "sent"
    event_on_cancel: Literal["sent", "none"] = "sent"
    event_on_move: Literal["sent", "none"] = "sent"
    event_on_release: Literal["sent", "none"] = "sent"
    event_on_end: Literal["sent", "none"] = "sent"  # ended early
    event_on_room: Literal["sent", "none"] = "sent"  # created, updated, deleted
    event_copies: Literal["once", "twice"] = "once"
    event_noise: Literal["none", "unknown_type"] = "none"
    event_envelope: Literal["v2", "v1"] = "v2"
    event_time: Literal["milliseconds", "microseconds"] = "milliseconds"
    event_token: Literal["value", "empty"] = "value"
    event_app_id: Literal["own", "foreign"] = "own"
    event_room_id: Literal["omm", "omb"] = "omm"
    redelivery: Literal["on", "off"] = "on"

    def __setattr__(self, name: str, value: object) -> None:
        """Set a switch; raise ``ValueError`` if it does not have this value."""
        choices = CHOICES.get(name)
        if choices is None:
            raise ValueError(f"there is no variant {name!r}; there are: {', '.join(CHOICES)}")
        # Compare the type, too: 200 differs from "200", and True == 1.
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise ValueError(f"variant {name} is one of {', '.join(map(repr, choices))}, not {value!r}")
        object.__setattr__(self, name, value)

    def update(self, values: Mapping[str, object]) -> None:
        """Set several switches by name. If one is wrong, set none and raise ``ValueError``."""
        trial = Variants(**asdict(self))
        for name, value in values.items():
            setattr(trial, name, value)
        for name, value in values.items():
            setattr(self, name, value)


CHOICES: Mapping[str, tuple[object, ...]] = {name: get_args(hint) for name, hint in get_type_hints(Variants).items()}
