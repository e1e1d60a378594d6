"""A client that calls with the tokens of a person."""

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import CredentialsError, ScopeMissingError, StaleTokenError
from simulator import Fault, Tenant

PRIMARY = "calendar/v4/calendars/primary"


class Tokens:
    """The tokens of a person; each replacement is another one."""

    def __init__(self) -> None:
        self.number = 0
        self.replaced: list[str] = []

    @property
    def current(self) -> str | None:
        return f"eyJ{self.number}"

    async def get(self) -> str:
        return f"eyJ{self.number}"

    async def replace(self, stale: str) -> str:
        self.replaced.append(stale)
        self.number += 1
        return await self.get()


@pytest.mark.parametrize("code", [99991668, 99991677, 20005])
async def test_a_refused_token_of_a_person_is_replaced_once(client: FeishuClient, tenant: Tenant, code: int) -> None:
    tokens = Tokens()
    tenant.inject(Fault.error(400, code), PRIMARY, times=None)

    with pytest.raises(StaleTokenError):
        await client.as_person(tokens).events.primary_calendar()

    assert tokens.replaced == ["eyJ0"]
    assert len(tenant.calls(PRIMARY)) == 2


async def test_a_scope_that_the_person_did_not_grant_is_named(client: FeishuClient, tenant: Tenant) -> None:
    violations = [{"type": "action_privilege_required", "subject": "calendar:calendar:read"}]
    tenant.inject(Fault.error(400, 99991679, error={"permission_violations": violations}), PRIMARY)

    with pytest.raises(ScopeMissingError) as caught:
        await client.as_person(Tokens()).events.primary_calendar()

    assert caught.value.scopes == ("calendar:calendar:read",)


async def test_a_client_of_a_person_shares_the_limits_and_checks_the_app(client: FeishuClient, tenant: Tenant) -> None:
    person = client.as_person(Tokens())

    assert person.traffic is client.traffic
    assert person.events is not client.events
    await person.check_credentials()
    tenant.rotate_secret("another")
    with pytest.raises(CredentialsError):
        await person.check_credentials()


async def test_the_bookable_rooms_are_read_page_by_page(client: FeishuClient, tenant: Tenant) -> None:
    for rooms, more in (
        ([{"room_id": "omm_1", "name": "Orion"}, {"name": "?"}], True),
        ([{"room_id": "omm_2"}], False),
    ):
        data = {"rooms": rooms, "has_more": more, "page_token": "2" if more else ""}
        tenant.inject(Fault.body(200, {"code": 0, "data": data}), "rooms/search")

    assert await client.as_person(Tokens()).bookable_rooms() == {"omm_1", "omm_2"}
    assert [call.body for call in tenant.calls("rooms/search")] == [
        {"page_size": 100},
        {"page_size": 100, "page_token": "2"},
    ]


async def test_a_room_is_requested_with_the_reason_for_its_approval(client: FeishuClient, tenant: Tenant) -> None:
    tenant.inject(Fault.body(200, {"code": 0, "data": {}}), "attendees")
    events = client.as_person(Tokens()).events

    await events.add_room("primary", "e1_0", "omm_1", approval_reason="A visit")

    (call,) = tenant.calls("attendees")
    assert isinstance(call.body, dict)
    assert call.body["attendees"] == [{"type": "resource", "room_id": "omm_1", "approval_reason": "A visit"}]
    with pytest.raises(ValueError, match="reason"):
        await events.add_room("primary", "e1_0", "omm_1", approval_reason="x" * 201)
    assert len(tenant.calls("attendees")) == 1
