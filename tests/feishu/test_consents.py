"""Grants and the client of a person, against the simulated accounts server and open platform."""

import asyncio
from datetime import timedelta
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    RateLimitedError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.events import TO_BOOK
from custom_components.feishu_freebusy.feishu.grants import (
    USER_SCOPES,
    Grant,
    GrantError,
    GrantProblem,
    Grants,
    challenge_of,
    new_verifier,
)
from custom_components.feishu_freebusy.feishu.models import EventRef, InstanceReply, Person, RsvpStatus, SubjectRef
from simulator import BookingRules, Room, Simulator, Tenant, User
from tests.conftest import at

REDIRECT = "https://my.home-assistant.io/redirect/oauth"
KEY = "k" * 32


@pytest.fixture
def user(tenant: Tenant) -> User:
    return tenant.add_user("Li Na")


@pytest.fixture(params=["v3", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def grants_of(session: aiohttp.ClientSession, simulator: Simulator, *, use_v2: bool = False) -> Grants:
    tenant = simulator.tenant
    return Grants(
        session,
        accounts_url=simulator.base_url,
        base_url=simulator.base_url,
        app_id=tenant.app_id,
        app_secret=tenant.app_secret,
        use_v2=use_v2,
    )


@pytest.fixture
def grants(session: aiohttp.ClientSession, simulator: Simulator) -> Grants:
    return grants_of(session, simulator)


async def consent(session: aiohttp.ClientSession, grants: Grants, user: User, verifier: str, **fields: str) -> str:
    """Allow on the page, and return the query with which the browser comes back."""
    page = URL(grants.authorize_url(REDIRECT, "state-1", challenge_of(verifier)))
    form = {**page.query, "open_id": user.open_id, "decision": "allow", **fields}
    async with session.post(page.with_query(None), data=form, allow_redirects=False) as response:
        assert response.status == 302
        return urlsplit(response.headers["Location"]).query


async def link(session: aiohttp.ClientSession, grants: Grants, user: User) -> Grant:
    """Return the grant of a person."""
    verifier = new_verifier()
    (code,) = parse_qs(await consent(session, grants, user, verifier))["code"]
    return await grants.exchange(code, redirect_uri=REDIRECT, verifier=verifier)


async def problem_of(call: Any) -> GrantProblem:
    with pytest.raises(GrantError) as caught:
        await call
    return caught.value.problem


# --- Grants -----------------------------------------------------------------------------------------------------------


async def test_a_person_links_renews_and_unlinks(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    user: User,
    version: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components")
    grants = grants_of(session, simulator, use_v2=version == "v2")
    first = await link(session, grants, user)
    assert (first.access_lifetime, first.refresh_lifetime, first.scopes) == (7200, 604800, frozenset(USER_SCOPES))
    assert await grants.person(first.access_token) == Person(
        user.open_id, user.union_id, "Li Na", simulator.tenant.root.level_id.removeprefix("omb_")[:16]
    )

    assert first.refresh_token
    second = await grants.refresh(first.refresh_token)
    assert second.refresh_token not in {None, first.refresh_token}
    assert await problem_of(grants.refresh(first.refresh_token)) is GrantProblem.REFRESH

    assert second.refresh_token
    await grants.revoke(second.refresh_token)
    assert await problem_of(grants.refresh(second.refresh_token)) is GrantProblem.REFRESH
    with pytest.raises(StaleTokenError):
        await grants.person(second.access_token)
    tokens = (first.access_token, first.refresh_token, second.access_token, second.refresh_token)
    assert not [token for token in (*tokens, simulator.tenant.app_secret) if token in caplog.text]
    assert "POST /oauth/v1/revoke: HTTP 200" in caplog.text


async def test_a_person_may_refuse(session: aiohttp.ClientSession, grants: Grants, user: User) -> None:
    query = await consent(session, grants, user, new_verifier(), decision="deny")
    assert parse_qs(query) == {"error": ["access_denied"], "state": ["state-1"]}


async def test_a_code_belongs_to_its_verifier_and_works_once(
    session: aiohttp.ClientSession, grants: Grants, user: User
) -> None:
    verifier = new_verifier()
    (code,) = parse_qs(await consent(session, grants, user, verifier))["code"]

    wrong = grants.exchange(code, redirect_uri=REDIRECT, verifier=new_verifier())
    assert await problem_of(wrong) is GrantProblem.CODE
    assert await problem_of(grants.exchange(code, redirect_uri=f"{REDIRECT}/", verifier=verifier)) is GrantProblem.CODE
    await grants.exchange(code, redirect_uri=REDIRECT, verifier=verifier)
    assert await problem_of(grants.exchange(code, redirect_uri=REDIRECT, verifier=verifier)) is GrantProblem.CODE


@pytest.mark.parametrize(
    ("variants", "problem"),
    [
        ({"used_refresh_token": "20064"}, GrantProblem.REFRESH),
        ({"grant_error_status": 200}, GrantProblem.REFRESH),
        ({"grant_errors": "name_only"}, GrantProblem.REFRESH),
        ({"grant_errors": "name_only", "grant_error_status": 200}, GrantProblem.REFRESH),
        ({"token_trouble": "20024"}, GrantProblem.OTHER_APP),
        ({"token_trouble": "21000"}, GrantProblem.POLICY),
        ({"token_trouble": "21001"}, GrantProblem.POLICY),
    ],
)
async def test_refusals_of_a_used_refresh_token(
    session: aiohttp.ClientSession,
    grants: Grants,
    tenant: Tenant,
    user: User,
    variants: dict[str, object],
    problem: GrantProblem,
) -> None:
    token = (await link(session, grants, user)).refresh_token or ""
    await grants.refresh(token)
    tenant.variants.update(variants)

    assert await problem_of(grants.refresh(token)) is problem


@pytest.mark.parametrize(("challenge", "is_shown"), [("own", True), ("foreign", False), ("missing", False)])
async def test_a_page_of_the_access_policy_is_shown_if_it_is_feishus(
    grants: Grants, tenant: Tenant, challenge: str, is_shown: bool
) -> None:
    tenant.variants.update({"token_trouble": "21000", "challenge": challenge})

    with pytest.raises(GrantError) as caught:
        await grants.refresh("eyJ")
    assert bool(caught.value.challenge_url) is is_shown


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [("20050", ServerError), ("20072", ServerError), ("html", ServerError), ("99991400", RateLimitedError)],
)
async def test_a_trouble_that_passes_costs_no_grant(
    session: aiohttp.ClientSession,
    grants: Grants,
    tenant: Tenant,
    user: User,
    trouble: str,
    kind: type[FeishuError],
) -> None:
    token = (await link(session, grants, user)).refresh_token or ""
    tenant.variants.update({"token_trouble": trouble})
    with pytest.raises(kind):
        await grants.refresh(token)
    tenant.variants.token_trouble = "none"

    assert (await grants.refresh(token)).refresh_token


async def test_a_lost_answer_leaves_the_refresh_token_used(
    session: aiohttp.ClientSession, grants: Grants, tenant: Tenant, user: User
) -> None:
    grant = await link(session, grants, user)
    tenant.variants.refresh_answer = "lost"

    with pytest.raises(NotReachableError):
        await grants.refresh(grant.refresh_token or "")
    tenant.variants.refresh_answer = "sent"
    assert await problem_of(grants.refresh(grant.refresh_token or "")) is GrantProblem.REFRESH
    assert (await grants.person(grant.access_token)).open_id == user.open_id  # good until its end


@pytest.mark.parametrize("kind", ["number", "text", "zero", "missing"])
async def test_lifetimes_in_any_form(
    session: aiohttp.ClientSession, grants: Grants, tenant: Tenant, user: User, kind: str
) -> None:
    tenant.variants.update({"lifetimes": kind})

    grant = await link(session, grants, user)
    assert (grant.access_lifetime, grant.refresh_lifetime) == (7200, 604800)


async def test_tokens_of_another_type_are_unreadable(
    session: aiohttp.ClientSession, grants: Grants, tenant: Tenant, user: User
) -> None:
    tenant.variants.token_type = "bearer"
    await link(session, grants, user)
    tenant.variants.token_type = "DPoP"
    with pytest.raises(UnreadableAnswerError):
        await link(session, grants, user)


async def test_what_was_not_granted_is_missing(
    session: aiohttp.ClientSession, grants: Grants, tenant: Tenant, user: User
) -> None:
    tenant.variants.update({"granted_scopes": "one_missing", "refresh_tokens": "left_out"})

    grant = await link(session, grants, user)
    assert {*USER_SCOPES} - grant.scopes == {"vc:room:readonly"}
    assert grant.refresh_token is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda tenant, user: tenant.delete_user(user.open_id), GrantProblem.PERSON),
        (lambda tenant, user: tenant.consents.suspended.add(user.open_id), GrantProblem.PERSON),
        (lambda tenant, user: tenant.consents.unavailable.add(user.open_id), GrantProblem.PERSON),
        (lambda tenant, user: tenant.consents.revoke_person(user.open_id), GrantProblem.REFRESH),
        (lambda tenant, _: setattr(tenant.consents, "may_refresh", False), GrantProblem.APP),
        (lambda tenant, _: setattr(tenant, "app_enabled", False), GrantProblem.APP),
        (lambda tenant, _: setattr(tenant, "app_secret", "another"), GrantProblem.CREDENTIALS),
    ],
)
async def test_the_reason_of_a_refusal_is_told(
    session: aiohttp.ClientSession, grants: Grants, tenant: Tenant, user: User, change: Any, problem: GrantProblem
) -> None:
    token = (await link(session, grants, user)).refresh_token or ""
    change(tenant, user)

    assert await problem_of(grants.refresh(token)) is problem


async def test_a_device_code_needs_no_redirect(grants: Grants, tenant: Tenant, user: User) -> None:
    device = await grants.begin_device()
    assert URL(device.url).query["user_code"] == device.user_code
    assert (device.lifetime, device.interval) == (600, 5)

    assert await grants.poll_device(device) is None
    tenant.consents.decide_device(device.user_code, user.open_id, allow=True)
    grant = await grants.poll_device(device)
    assert grant is not None
    assert (await grants.person(grant.access_token)).open_id == user.open_id


async def test_a_device_code_is_slow_refused_or_too_old(grants: Grants, tenant: Tenant, user: User) -> None:
    tenant.variants.device_polls = "slow_down"
    refused, expired = await grants.begin_device(), await grants.begin_device()
    assert (await grants.poll_device(refused), refused.interval) == (None, 10)
    tenant.consents.decide_device(refused.user_code, user.open_id, allow=False)
    assert await problem_of(grants.poll_device(refused)) is GrantProblem.DENIED
    tenant.consents.expire_devices()
    assert await problem_of(grants.poll_device(expired)) is GrantProblem.EXPIRED


async def test_a_device_code_needs_the_scopes_of_the_app(grants: Grants, tenant: Tenant) -> None:
    tenant.consents.user_scopes.clear()
    assert await problem_of(grants.begin_device()) is GrantProblem.REQUEST


@pytest.mark.parametrize("answer", ["empty", "code"])
async def test_revocations_have_two_good_answers(grants: Grants, tenant: Tenant, answer: str) -> None:
    tenant.variants.update({"revocation": answer})
    await grants.revoke("eyJ")


# --- The client of a person -------------------------------------------------------------------------------------------


class Tokens:
    """The tokens of a person, renewed when Feishu refuses one."""

    def __init__(self, grants: Grants, grant: Grant) -> None:
        self.grants, self.grant = grants, grant
        self.renewals = 0
        self._turn = asyncio.Lock()

    @property
    def current(self) -> str | None:
        return self.grant.access_token

    async def get(self) -> str:
        return self.grant.access_token

    async def replace(self, stale: str) -> str:
        async with self._turn:
            if self.grant.access_token == stale:
                self.renewals += 1
                self.grant = await self.grants.refresh(self.grant.refresh_token or "")
        return self.grant.access_token


@pytest.fixture
async def tokens(session: aiohttp.ClientSession, grants: Grants, user: User) -> Tokens:
    return Tokens(grants, await link(session, grants, user))


@pytest.fixture
def person(client: FeishuClient, tenant: Tenant, tokens: Tokens) -> FeishuClient:
    tenant.clock = lambda: at(0)
    tenant.agenda.verdict_delay = 0.0
    tenant.bot_enabled = False
    return client.as_person(tokens)


async def book(person: FeishuClient, room: Room, reason: str = "") -> tuple[str, str]:
    """Book a room for an hour, and return the ids of the calendar and the event."""
    calendar_id = await person.events.primary_calendar()
    event = await person.events.create(
        calendar_id, title="Visit", start=at(10), end=at(11), time_zone="Asia/Shanghai", idempotency_key=KEY
    )
    await person.events.add_room(calendar_id, event.event_id, room.room_id, approval_reason=reason)
    return calendar_id, event.event_id


async def test_a_person_books_and_cancels_in_their_own_name(
    person: FeishuClient, client: FeishuClient, tenant: Tenant, orion: Room, user: User
) -> None:
    calendar_id, event_id = await book(person, orion)

    assert await person.events.verdict(calendar_id, event_id, orion.room_id) is RsvpStatus.ACCEPT
    (row,) = await client.events.bookings(orion.room_id, time_min=at(0), time_max=at(23))
    assert (row.organizer, row.has_organizer) == ("Li Na", True)
    who = SubjectRef.of(user.open_id)
    assert len(await person.freebusy_list(who, time_min=at(0), time_max=at(23))) == 1
    assert len((await person.freebusy_batch([who], time_min=at(0), time_max=at(23)))[user.open_id]) == 1  # type: ignore[arg-type]
    await person.events.delete(calendar_id, event_id)
    assert tenant.bookings == {}
    assert {call.person for call in tenant.calls("attendees")} == {user.open_id}


async def test_a_booking_of_a_person_is_ended_by_the_app(
    person: FeishuClient, client: FeishuClient, tenant: Tenant, orion: Room
) -> None:
    await book(person, orion)
    (row,) = await client.events.bookings(orion.room_id, time_min=at(0), time_max=at(23))
    tenant.agenda.reply_delay = 0.0

    await client.events.reply(orion.room_id, EventRef(row.uid, row.original_time or 0), InstanceReply.ENDED_BEFORE_DUE)
    assert tenant.calendars.of(orion.room_id) == ()


@pytest.mark.parametrize("approve", [True, False])
async def test_a_room_with_approval_waits_for_its_administrator(
    person: FeishuClient, tenant: Tenant, orion: Room, approve: bool
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(approval=True)
    calendar_id, event_id = await book(person, orion, "A visit")

    assert await person.events.verdict(calendar_id, event_id, orion.room_id) is RsvpStatus.NEEDS_ACTION
    tenant.agenda.decide(orion.room_id, approve=approve)
    decided = RsvpStatus.ACCEPT if approve else RsvpStatus.DECLINE
    assert await person.events.verdict(calendar_id, event_id, orion.room_id) is decided


async def test_a_room_with_approval_refuses_without_a_reason(person: FeishuClient, tenant: Tenant, orion: Room) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(approval=True)
    with pytest.raises(RoomRefusedError):
        await book(person, orion)


async def test_the_rooms_that_a_person_may_book(person: FeishuClient, client: FeishuClient, tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(120)]
    tenant.agenda.rules[rooms[0].room_id] = BookingRules(people=frozenset())

    assert await person.bookable_rooms() == {room.room_id for room in rooms[1:]}
    with pytest.raises(StaleTokenError):  # no token of the app is accepted
        await client.bookable_rooms()


async def test_lists_of_rooms_are_only_for_the_app(person: FeishuClient, tokens: Tokens, orion: Room) -> None:
    with pytest.raises(StaleTokenError):
        await person.rooms()
    assert tokens.renewals == 1


async def test_20_calls_with_an_expired_token_renew_it_once(
    person: FeishuClient, tenant: Tenant, tokens: Tokens, user: User
) -> None:
    tenant.clock = lambda: at(0) + timedelta(hours=3)
    tenant.consents.expire_access_tokens()

    calendars = await asyncio.gather(*(person.events.primary_calendar() for _ in range(20)))

    assert {*calendars} == {tenant.agenda.calendar_of(user.open_id)}
    assert tokens.renewals == 1


async def test_a_revoked_person_cannot_call_any_more(person: FeishuClient, tenant: Tenant, user: User) -> None:
    tenant.consents.revoke_person(user.open_id)

    with pytest.raises(GrantError) as caught:
        await person.events.primary_calendar()
    assert caught.value.problem is GrantProblem.REFRESH


async def test_a_scope_that_the_person_lacks_is_named_and_the_apps_do_not_count(
    session: aiohttp.ClientSession, client: FeishuClient, grants: Grants, tenant: Tenant, user: User
) -> None:
    tenant.grant(*(scopes[0] for scopes in TO_BOOK))
    tenant.variants.granted_scopes = "one_missing"
    person = client.as_person(Tokens(grants, await link(session, grants, user)))

    with pytest.raises(ScopeMissingError) as caught:
        await person.bookable_rooms()
    assert (caught.value.code, caught.value.scopes) == (99991679, ("vc:room", "vc:room:readonly"))
