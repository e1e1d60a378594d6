"""The demo without Home Assistant. `tests/live/test_demo.py` runs it as a whole."""

from typing import Any

from demo.past import show_people


class Home:
    """Records what is posted."""

    def __init__(self) -> None:
        self.posted: dict[str, str] = {}

    async def post(self, path: str, body: dict[str, Any]) -> None:
        self.posted[path.rpartition("_")[2]] = body["state"]


async def test_people_are_in_the_busy_rooms_except_in_every_fourth() -> None:
    home: Any = Home()
    rooms = {"omm_a": "on", "omm_b": "off", "omm_c": "unavailable", "omm_d": "on", "omm_e": "on"}
    states = [{"state": state, "attributes": {"room_id": room_id}} for room_id, state in rooms.items()]

    await show_people(home, rooms, states)

    assert home.posted == {"1": "on", "2": "off", "3": "off", "4": "off", "5": "on"}
