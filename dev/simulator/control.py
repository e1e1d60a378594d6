"""The control interface over HTTP: JSON in, JSON out, under ``/simulator/``.

``GET`` reads, ``POST`` changes. Times are RFC 3339 with an offset. Invalid requests get 400 and ``{"error": "..."}``.

```
GET  state                                 everything: app, levels, rooms, people, bookings, faults
GET  requests                              the request log, oldest first
GET  variants                              the current value of each variant
POST book             subject_id, start, end, [rsvp, free, external, series, organizer, private, title]
POST move             booking_id, start, end                              -> booking
POST cancel           booking_id
POST release          booking_id                      (nobody checked in)
POST end              booking_id                      (ended early)
POST levels/add       name, [parent]                                      -> level
POST rooms/add        name, [level, capacity, equipment, room_id]         -> room
POST rooms/rename     room_id, name                                       -> room
POST rooms/delete     room_id
POST rooms/disable    room_id, start, [end, reason]   (no end: forever)  -> room
POST rooms/enable     room_id                                             -> room
POST rooms/rules      room_id, [opens, closes (09:00), max_duration (s), days_ahead, allowed, people (open_ids),
                      approval, form]
POST rooms/decide     room_id, approve                (the requests of people that wait for an administrator)
POST agenda           [verdict_delay: s or null (never), reply_delay: s, approval_delay: s or null (by rooms/decide),
                      approval_verdict: accept, decline]                  (when rooms and administrators reply)
POST users/add        name, [open_id, union_id, user_id, email, mobile]   -> person
POST users/delete     open_id
GET  consents                              the console's settings for people, their consents, open codes
POST consents         [user_scopes, redirect_urls (null: any), may_refresh, unavailable, suspended (open_ids),
                      code_lifetime, access_lifetime, refresh_lifetime, grant_lifetime, device_lifetime (s),
                      device_interval, registration_interval (s), late (s)]
POST consents/decide  user_code, open_id, [allow]     (a device code)
POST consents/revoke  open_id, [reason]               (all tokens of a person, and the event)
POST consents/expire  [access_tokens, devices, registrations]
POST scopes/grant     scopes: [...]
POST scopes/revoke    scopes: [...]
POST app              [enabled, ip_allowed]
POST bot              [enabled, status]
POST secret           secret
POST tokens/expire
POST tokens/stuck     stuck
POST limits           enabled
POST quota            left: number or null
POST variants         name: value, ...
GET  push                                  the long connections and the delivered events
POST push             [scale, ack_within, delay, limit, close_after, close_by, linger, loss, config, subscribed]
POST push/send        event_type, event: {...}
POST push/drop        [way: bye, rst, eof]            closes the connections
POST push/state       state: works, zombie, silent    of the open connections
POST faults/inject    kind, [args: {...}, path, times (null: until cleared), body: {...} that the request must contain]
POST faults/clear
POST requests/clear
```

Kinds of faults and their args: rate_limited (reset, status, code), status (status, code), error (status, code,
msg, error), body (status, body), html (status), empty (status), redirect (location, status), cut_off
(broken_connection), oversized (size), slow (seconds), close.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime, time, timedelta
import json
from typing import Final, cast

from .agenda import BookingRules
from .answers import Answer, JsonObject
from .faults import KINDS
from .model import RSVP_WORDS, Call, Level, Rsvp
from .push import Act, LinkState
from .tenant import Tenant

PREFIX: Final = "/simulator/"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The JSON object of a control request. All methods raise ``ValueError`` for a wrong or missing value."""

    values: Mapping[str, object]

    def get[T](self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return the value of ``name``, which must be exactly of type ``kind``; required unless there is a default."""
        value = self.values.get(name, default)
        if type(value) is not kind:
            raise ValueError(f"{name} must be of type {kind.__name__}")
        return value

    def optional[T](self, name: str, kind: type[T]) -> T | None:
        """Return the value of ``name``, or ``None`` if it is missing or null."""
        return None if self.values.get(name) is None else self.get(name, kind)

    def words(self, name: str) -> list[str]:
        """Return a list of strings; empty if it is missing."""
        values: list[object] = self.get(name, list, [])
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name} must be a list of strings")
        return cast("list[str]", values)

    def instant(self, name: str) -> datetime:
        """Return an RFC 3339 time; the tenant rejects naive ones."""
        return datetime.fromisoformat(self.get(name, str))


_LIFETIMES: Final = (
    *("code_lifetime", "access_lifetime", "refresh_lifetime", "grant_lifetime", "device_lifetime", "late"),
)

type Command = Callable[[Tenant, Arguments], object]


def answer(tenant: Tenant, method: str, path: str, body: object) -> Answer:
    """Run a control request; ``body`` is parsed JSON, or ``None`` if there was no body."""
    command = {"GET": READS, "POST": CHANGES}.get(method, {}).get(path.removeprefix(PREFIX))
    if command is None:
        return Answer.json(404, {"error": f"there is no {method} {path}"})
    if body is not None and not isinstance(body, dict):
        return Answer.json(400, {"error": "the body must be a JSON object, sent as application/json"})
    try:
        result = command(tenant, Arguments(body or {}))
    except (KeyError, TypeError, ValueError) as error:
        return Answer.json(400, {"error": str(error.args[0]) if error.args else str(error)})
    return Answer(200, json.dumps({} if result is None else result, default=_plain, ensure_ascii=False).encode())


def _state(tenant: Tenant, _: Arguments) -> JsonObject:
    tenant.agenda.settle()
    return {
        "now": tenant.now(),
        "app": {
            "app_id": tenant.app_id,
            "app_name": tenant.app_name,
            "enabled": tenant.app_enabled,
            "ip_allowed": tenant.ip_allowed,
            "bot_enabled": tenant.bot_enabled,
            "bot_status": tenant.bot_status,
            "stuck_token": tenant.stuck_token,
            "scopes": tenant.scopes,
            "scope_requests": [sorted(scopes) for scopes in tenant.scope_requests],
        },
        "limits_enabled": tenant.limits_enabled,
        "limit_violations": tenant.limit_violations,
        "quota_left": tenant.quota_left,
        "variants": tenant.variants,
        "levels": list(tenant.levels.values()),
        "rooms": list(tenant.rooms.values()),
        "users": list(tenant.users.values()),
        "bookings": sorted(tenant.bookings.values(), key=lambda booking: booking.start),
        "events": list(tenant.agenda.events.values()),
        "faults": [
            {"kind": order.fault.name, "path": order.path, "left": order.left} for order in tenant.faults.orders
        ],
        "requests": len(tenant.requests),
    }


def _book(tenant: Tenant, args: Arguments) -> object:
    return tenant.book(
        args.get("subject_id", str),
        args.instant("start"),
        args.instant("end"),
        rsvp=_rsvp(args.get("rsvp", str, "accept")),
        free=args.get("free", bool, default=False),
        external=args.get("external", bool, default=False),
        series=args.get("series", str, ""),
        organizer=args.get("organizer", str, ""),
        private=args.get("private", bool, default=False),
        title=args.get("title", str, ""),
    )


def _rsvp(word: str) -> Rsvp:
    if word not in RSVP_WORDS:
        raise ValueError(f"rsvp must be one of {', '.join(sorted(RSVP_WORDS))}")
    return cast("Rsvp", word)


def _move(tenant: Tenant, args: Arguments) -> object:
    return tenant.move(args.get("booking_id", str), args.instant("start"), args.instant("end"))


def _add_level(tenant: Tenant, args: Arguments) -> object:
    return tenant.add_level(args.get("name", str), _level(tenant, args.optional("parent", str)))


def _level(tenant: Tenant, level_id: str | None) -> Level | None:
    if level_id is not None and level_id not in tenant.levels:
        raise ValueError(f"there is no level {level_id}")
    return None if level_id is None else tenant.levels[level_id]


def _add_room(tenant: Tenant, args: Arguments) -> object:
    return tenant.add_room(
        args.get("name", str),
        level=_level(tenant, args.optional("level", str)),
        capacity=args.get("capacity", int, 0),
        equipment=args.words("equipment"),
        room_id=args.optional("room_id", str),
    )


def _disable_room(tenant: Tenant, args: Arguments) -> object:
    end = None if args.values.get("end") is None else args.instant("end")
    return tenant.disable_room(args.get("room_id", str), args.instant("start"), end, args.get("reason", str, ""))


def _set_rules(tenant: Tenant, args: Arguments) -> object:
    room_id, longest = args.get("room_id", str), args.optional("max_duration", int)
    if room_id not in tenant.rooms:
        raise ValueError(f"there is no room {room_id}")
    opens, closes = args.optional("opens", str), args.optional("closes", str)
    tenant.agenda.rules[room_id] = BookingRules(
        opens=None if opens is None else time.fromisoformat(opens),
        closes=None if closes is None else time.fromisoformat(closes),
        max_duration=None if longest is None else timedelta(seconds=longest),
        days_ahead=args.optional("days_ahead", int),
        allowed=args.get("allowed", bool, default=True),
        people=None if args.values.get("people") is None else frozenset(args.words("people")),
        approval=args.get("approval", bool, default=False),
        form=args.get("form", bool, default=False),
    )
    return args.values


def _set_agenda(tenant: Tenant, args: Arguments) -> None:
    agenda = tenant.agenda
    verdict = args.optional("verdict_delay", float) if "verdict_delay" in args.values else agenda.verdict_delay
    agenda.verdict_delay, agenda.reply_delay = verdict, args.get("reply_delay", float, agenda.reply_delay)
    if "approval_delay" in args.values:
        agenda.approval_delay = args.optional("approval_delay", float)
    agenda.approval_verdict = _rsvp(args.get("approval_verdict", str, agenda.approval_verdict))


def _consents(tenant: Tenant, _: Arguments) -> JsonObject:
    consents = tenant.consents
    return {
        **{name: getattr(consents, name) for name in (*_LIFETIMES, "device_interval", "may_refresh")},
        "registration_interval": tenant.registrations.interval,
        "user_scopes": sorted(consents.user_scopes),
        "redirect_urls": None if consents.redirect_urls is None else sorted(consents.redirect_urls),
        "unavailable": sorted(consents.unavailable),
        "suspended": sorted(consents.suspended),
        "chains": [
            {
                "open_id": chain.open_id,
                "scopes": sorted(chain.scopes),
                "granted_at": chain.granted_at,
                "refreshed": len(chain.used),
                "revoked": chain.revoked,
            }
            for chain in consents.chains
        ],
        "devices": [{"user_code": device.user_code, "ends": device.ends} for device in consents.devices],
        "registrations": [{"user_code": each.user_code, "ends": each.ends} for each in tenant.registrations.open],
    }


def _set_consents(tenant: Tenant, args: Arguments) -> object:
    consents = tenant.consents
    numbers = {name: args.get(name, float, getattr(consents, name)) for name in _LIFETIMES}
    sets = {name: set(args.words(name)) for name in ("user_scopes", "unavailable", "suspended") if name in args.values}
    interval = args.get("device_interval", int, consents.device_interval)
    may_refresh = args.get("may_refresh", bool, consents.may_refresh)
    tenant.registrations.interval = args.get("registration_interval", int, tenant.registrations.interval)
    if "redirect_urls" in args.values:
        urls = None if args.values["redirect_urls"] is None else set(args.words("redirect_urls"))
        consents.redirect_urls = urls
    for name, value in {**numbers, **sets}.items():
        setattr(consents, name, value)
    consents.device_interval, consents.may_refresh = interval, may_refresh
    return _consents(tenant, args)


def _expire(tenant: Tenant, args: Arguments) -> None:
    if args.get("access_tokens", bool, default=False):
        tenant.consents.expire_access_tokens()
    if args.get("devices", bool, default=False):
        tenant.consents.expire_devices()
    if args.get("registrations", bool, default=False):
        tenant.registrations.expire()


def _decide_device(tenant: Tenant, args: Arguments) -> None:
    allow = args.get("allow", bool, default=True)
    tenant.consents.decide_device(args.get("user_code", str), args.get("open_id", str), allow=allow)


def _revoke_person(tenant: Tenant, args: Arguments) -> None:
    tenant.consents.revoke_person(args.get("open_id", str), args.get("reason", str, "revoked by user"))


def _add_user(tenant: Tenant, args: Arguments) -> object:
    ids = {kind: args.optional(kind, str) for kind in ("open_id", "union_id", "user_id")}
    email, mobile = args.get("email", str, ""), args.get("mobile", str, "")
    return tenant.add_user(args.get("name", str), **ids, email=email, mobile=mobile)


def _set_app(tenant: Tenant, args: Arguments) -> None:
    tenant.app_enabled = args.get("enabled", bool, tenant.app_enabled)
    tenant.ip_allowed = args.get("ip_allowed", bool, tenant.ip_allowed)


def _set_bot(tenant: Tenant, args: Arguments) -> None:
    tenant.bot_enabled = args.get("enabled", bool, tenant.bot_enabled)
    tenant.bot_status = args.get("status", int, tenant.bot_status)


def _set_stuck(tenant: Tenant, args: Arguments) -> None:
    tenant.stuck_token = args.get("stuck", bool)


def _set_limits(tenant: Tenant, args: Arguments) -> None:
    tenant.limits_enabled = args.get("enabled", bool)


def _set_quota(tenant: Tenant, args: Arguments) -> None:
    if "left" not in args.values:
        raise ValueError("left must be a number or null")
    tenant.quota_left = args.optional("left", int)


def _set_variants(tenant: Tenant, args: Arguments) -> object:
    tenant.variants.update(args.values)
    return tenant.variants


def _push(tenant: Tenant, _: Arguments) -> JsonObject:
    push = tenant.push
    return {
        "connections": [
            {"state": each.state, "pings": each.pings, "events": each.received_events, "dead": each.dead}
            for each in push.connections
        ],
        "opened": push.opened,
        "closed_cleanly": push.closed_cleanly,
        "deliveries": [
            {
                "event_id": each.event_id,
                "event_type": each.event_type,
                "attempts": each.attempts,
                "acked": each.acked,
                "failures": each.failures,
            }
            for each in push.deliveries
        ],
        "violations": push.violations,
    }


def _set_push(tenant: Tenant, args: Arguments) -> None:
    push = tenant.push
    scale, delay = args.get("scale", float, push.scale), args.get("delay", float, push.delay)
    linger, loss = args.get("linger", float, push.linger), args.get("loss", float, push.loss)
    ack_within = args.get("ack_within", float, push.ack_within)
    limit, way = args.get("limit", int, push.limit), _way(args.get("close_by", str, push.close_by.value))
    close_after = args.optional("close_after", float) if "close_after" in args.values else push.close_after
    config = args.optional("config", dict) if "config" in args.values else push.config
    subscribed = set(args.words("subscribed")) if "subscribed" in args.values else push.subscribed
    push.scale, push.delay, push.linger, push.loss = scale, delay, linger, loss
    push.ack_within = ack_within
    push.limit, push.close_by, push.close_after = limit, way, close_after
    push.config, push.subscribed = config, subscribed


def _way(word: str) -> Act:
    if word not in {"bye", "rst", "eof"}:
        raise ValueError("the way must be bye, rst or eof")
    return Act(word)


def _set_link(tenant: Tenant, args: Arguments) -> None:
    state = args.get("state", str)
    if state not in {"works", "zombie", "silent"}:
        raise ValueError("state must be works, zombie or silent")
    for connection in tenant.push.connections:
        connection.state = cast("LinkState", state)


def _inject(tenant: Tenant, args: Arguments) -> None:
    kind = args.get("kind", str)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    fault = KINDS[kind](**args.get("args", dict, {}))
    wanted = args.optional("body", dict)
    times = args.optional("times", int) if "times" in args.values else 1
    tenant.inject(fault, args.optional("path", str), times, None if wanted is None else _holds(wanted))


def _holds(wanted: Mapping[str, object]) -> Callable[[Call], bool]:
    return lambda call: isinstance(call.body, dict) and wanted.items() <= call.body.items()


def _plain(value: object) -> object:
    """Convert a value of the tenant to one that JSON supports."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


READS: Final[Mapping[str, Command]] = {
    "state": _state,
    "requests": lambda tenant, _: tenant.requests,
    "variants": lambda tenant, _: tenant.variants,
    "push": _push,
    "consents": _consents,
}
CHANGES: Final[Mapping[str, Command]] = {
    "book": _book,
    "move": _move,
    "cancel": lambda tenant, args: tenant.cancel(args.get("booking_id", str)),
    "release": lambda tenant, args: tenant.release(args.get("booking_id", str)),
    "end": lambda tenant, args: tenant.end(args.get("booking_id", str)),
    "push": _set_push,
    "push/send": lambda tenant, args: tenant.push.send(args.get("event_type", str), args.get("event", dict)),
    "push/drop": lambda tenant, args: tenant.push.drop(_way(args.get("way", str, "bye"))),
    "push/state": _set_link,
    "levels/add": _add_level,
    "rooms/add": _add_room,
    "rooms/rename": lambda tenant, args: tenant.rename_room(args.get("room_id", str), args.get("name", str)),
    "rooms/delete": lambda tenant, args: tenant.delete_room(args.get("room_id", str)),
    "rooms/disable": _disable_room,
    "rooms/enable": lambda tenant, args: tenant.enable_room(args.get("room_id", str)),
    "rooms/rules": _set_rules,
    "rooms/decide": lambda tenant, args: tenant.agenda.decide(
        args.get("room_id", str), approve=args.get("approve", bool)
    ),
    "consents": _set_consents,
    "consents/decide": _decide_device,
    "consents/revoke": _revoke_person,
    "consents/expire": _expire,
    "agenda": _set_agenda,
    "users/add": _add_user,
    "users/delete": lambda tenant, args: tenant.delete_user(args.get("open_id", str)),
    "scopes/grant": lambda tenant, args: tenant.grant(*args.words("scopes")),
    "scopes/revoke": lambda tenant, args: tenant.revoke(*args.words("scopes")),
    "app": _set_app,
    "bot": _set_bot,
    "secret": lambda tenant, args: tenant.rotate_secret(args.get("secret", str)),
    "tokens/expire": lambda tenant, _: tenant.expire_tokens(),
    "tokens/stuck": _set_stuck,
    "limits": _set_limits,
    "quota": _set_quota,
    "variants": _set_variants,
    "faults/inject": _inject,
    "faults/clear": lambda tenant, _: tenant.clear_faults(),
    "requests/clear": lambda tenant, _: tenant.requests.clear(),
}
