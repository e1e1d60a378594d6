"""Ids of people by their e-mail addresses and mobile numbers."""

import pytest

from simulator import Tenant, User
from tests.simulator.client import Client, Json, Reply

PATH = "contact/v3/users/batch_get_id"


async def ask(client: Client, user_id_type: str = "open_id", **body: Json) -> Reply:
    return await client.call("POST", PATH, body, user_id_type=user_id_type)


@pytest.fixture
def wang(tenant: Tenant) -> User:
    return tenant.add_user("王芳", email="Wang.Fang@example.com", mobile="+8613800000000", union_id="on_wang")


async def test_every_contact_has_a_row(client: Client, wang: User) -> None:
    body: Json = {"emails": ["wang.fang@example.com", "nobody@example.com"], "mobiles": ["13800000000", "13800000001"]}

    data = (await ask(client, **body)).data

    assert data == {
        "user_list": [
            {"user_id": wang.open_id, "email": "wang.fang@example.com"},
            {"email": "nobody@example.com"},
            {"user_id": wang.open_id, "mobile": "13800000000"},
            {"mobile": "13800000001"},
        ]
    }


async def test_people_without_contacts_are_not_found(client: Client, user: User) -> None:
    assert (await ask(client, emails=[""], mobiles=[""])).data == {"user_list": [{"email": ""}, {"mobile": ""}]}


async def test_numbers_outside_china_need_their_country_code(client: Client, tenant: Tenant) -> None:
    user = tenant.add_user("Maria Rossi", mobile="+12025550101")

    data = (await ask(client, mobiles=["+12025550101", "12025550101"])).data

    assert [row.get("user_id") for row in data["user_list"]] == [user.open_id, None]


async def test_the_address_may_be_returned_as_registered(client: Client, tenant: Tenant, wang: User) -> None:
    tenant.variants.email_echo = "as_registered"

    data = (await ask(client, "union_id", emails=["WANG.FANG@example.com"])).data

    assert data["user_list"] == [{"user_id": "on_wang", "email": "Wang.Fang@example.com"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "emails"),
        ({"emails": [], "mobiles": []}, "emails"),
        ({"emails": "wang.fang@example.com"}, "emails"),
        ({"emails": [1]}, "emails"),
        ({"emails": ["x"] * 51}, "emails"),
        ({"mobiles": ["1"] * 51}, "mobiles"),
        ({"emails": ["x"], "include_resigned": "no"}, "include_resigned"),
    ],
)
async def test_invalid_bodies_name_the_field(client: Client, body: Json, field: str) -> None:
    reply = await ask(client, **body)
    assert reply.outcome == (400, 99992402)
    assert [violation["field"] for violation in reply.body["error"]["field_violations"]] == [field]


async def test_a_wrong_kind_of_id(client: Client) -> None:
    assert (await ask(client, "email", emails=["x"])).outcome == (400, 99992402)


async def test_50_addresses_and_50_numbers_are_allowed(client: Client) -> None:
    data = (await ask(client, emails=["x"] * 50, mobiles=["1"] * 50)).data
    assert len(data["user_list"]) == 100


async def test_it_has_its_own_scope_and_costs_no_quota(client: Client, tenant: Tenant, wang: User) -> None:
    tenant.quota_left = 0
    tenant.bot_enabled = False
    assert (await ask(client, emails=[wang.email])).outcome == (200, 0)
    assert tenant.quota_left == 0
    tenant.revoke("contact:user.employee_id:readonly")
    assert (await ask(client, "user_id", emails=[wang.email])).outcome == (400, 99991672)
    tenant.revoke("contact:user.id:readonly")
    assert (await ask(client, emails=[wang.email])).outcome == (400, 99991672)


async def test_the_rate_limit_applies(client: Client, tenant: Tenant) -> None:
    tenant.limits.windows = ((1, 1.0),)
    await ask(client, emails=["x"])
    assert (await ask(client, emails=["x"])).outcome == (429, 99991400)
