"""A simulator that reports each call and its answer. It keeps no request log, which would grow all year."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
import json
import re
from typing import Any, override

from simulator import Call, Fault, Simulator, Tenant
from simulator.answers import Answer

BATCH = "/open-apis/meeting_room/freebusy/batch_get"
LIST = "/open-apis/calendar/v4/freebusy/list"
PEOPLE = "/open-apis/calendar/v4/freebusy/batch"
ROOMS = "/open-apis/vc/v1/rooms"
ROOMS_MGET = "/open-apis/vc/v1/rooms/mget"

type OnCall = Callable[[Call, Mapping[str, Any] | None], None]

_ROOM_ID = re.compile("omm_[0-9a-f]+")
_HARMLESS = ("slow",)


class ObservedSimulator(Simulator):
    """Reports each call to `on_call`, with the data of its answer, or None unless a good answer reached the caller."""

    def __init__(self, tenant: Tenant) -> None:
        """Serve `tenant`."""
        super().__init__(tenant)
        self.on_call: OnCall = lambda *_: None
        self.calls: Counter[str] = Counter()  # by path
        self.faulty_calls: Counter[str] = Counter()  # by the kind of fault
        self.error_codes: Counter[str] = Counter()  # error codes of answers

    @property
    def is_reachable(self) -> bool:
        """Whether it listens: without a connection, no call shows that one would fail."""
        return self._runner is not None

    @override
    def _log(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        self.calls[_ROOM_ID.sub(":id", call.path.removeprefix("/open-apis/"))] += 1
        if fault:
            self.faulty_calls[fault.name] += 1
        if answer and answer.code:
            self.error_codes[f"code {answer.code}"] += 1
        whole = fault is None or fault.name in _HARMLESS
        good = answer is not None and answer.code == 0 and whole
        self.on_call(call, json.loads(answer.body).get("data") or {} if answer and good else None)


def window_of(call: Call) -> tuple[datetime, datetime] | None:
    """Return the window of a free/busy call; None for other or invalid calls."""
    texts: Any = call.query if call.path == BATCH else call.body if call.path in (LIST, PEOPLE) else {}
    if not isinstance(texts, Mapping) or "time_min" not in texts:
        return None
    return datetime.fromisoformat(texts["time_min"]), datetime.fromisoformat(texts["time_max"])


def items_by_subject(call: Call, data: Mapping[str, Any]) -> dict[str, list[Mapping[str, str]]]:
    """Return the rows of each room or person in a good answer."""
    body: Any = call.body
    if call.path == LIST:
        return {body.get("room_id") or body["user_id"]: data.get("freebusy_list") or []}
    if call.path == PEOPLE:
        return {row["user_id"]: row.get("freebusy_items") or [] for row in data.get("freebusy_lists") or ()}
    asked = [value for name, value in call.pairs if name == "room_ids"]
    unknown = data.get("error_room_ids", ())
    return {room_id: data["free_busy"].get(room_id, []) for room_id in asked if room_id not in unknown}
