"""Reading one room by its ID."""

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import ScopeMissingError, SubjectError, UnreadableAnswerError
from simulator import Fault, Tenant

ROOM = "vc/v1/rooms/:id"


async def test_a_room_equals_the_one_in_the_list(client: FeishuClient, tenant: Tenant) -> None:
    added = tenant.add_room("观云", level=tenant.add_level("Tower A"), capacity=8, equipment=("TV",))

    room = await client.room(added.room_id)

    assert (room,) == await client.rooms()
    assert room.name == "观云"


async def test_a_room_that_does_not_exist_cannot_be_read(client: FeishuClient) -> None:
    with pytest.raises(SubjectError) as refused:
        await client.room("omm_gone")
    assert refused.value.code == 121004


@pytest.mark.parametrize("room_id", ["omm 1", "omm?a=1", "omm#1", "omm%2F1", "omm%2e", "观云", "a+b"])
async def test_an_id_with_special_characters_stays_one_path_segment(
    client: FeishuClient, tenant: Tenant, room_id: str
) -> None:
    tenant.add_room("Orion", room_id="omm_1")

    with pytest.raises(SubjectError):
        await client.room(room_id)
    (call,) = tenant.calls(f"vc/v1/rooms/{room_id}")
    assert call.code == 121004


@pytest.mark.parametrize("room_id", ["", ".", "..", "omm_1/..", "../room_levels"])
async def test_an_id_that_would_change_the_path_is_not_sent(client: FeishuClient, tenant: Tenant, room_id: str) -> None:
    with pytest.raises(SubjectError):
        await client.room(room_id)
    assert tenant.requests == []


async def test_calls_for_all_rooms_count_as_one_api(client: FeishuClient, tenant: Tenant) -> None:
    for number in range(3):
        await client.room(tenant.add_room(f"Room {number}").room_id)

    assert client.traffic.counted == {ROOM: 3}


async def test_it_needs_the_scope_of_the_room_list(client: FeishuClient, tenant: Tenant) -> None:
    tenant.revoke("vc:room:readonly")

    with pytest.raises(ScopeMissingError):
        await client.room("omm_1")


@pytest.mark.parametrize(
    "data", [{}, {"room": None}, {"room": []}, {"room": {}}, {"room": {"room_id": "omm_2", "name": "Vega"}}]
)
async def test_an_answer_about_another_room_is_unreadable(
    client: FeishuClient, tenant: Tenant, data: dict[str, object]
) -> None:
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": data}), "rooms/omm_1", times=None)

    with pytest.raises(UnreadableAnswerError):
        await client.room("omm_1")
