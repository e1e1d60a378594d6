"""Which API is used to read rooms, how many calls that takes, and what happens when Feishu refuses the batch API."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    EndpointRetiredError,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ScopeMissingError,
    ServerError,
    SubjectError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.models import SubjectKind
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.model.options import Options, SourceOption
from custom_components.feishu_freebusy.model.schedule import Schedule, build_schedule
from custom_components.feishu_freebusy.sync.reader import Forecast, Reason, RoomSource, forecast
from custom_components.feishu_freebusy.sync.sources import Answers
from simulator import Fault, Tenant
from simulator.office import office
from tests.clock import BATCH, FREE_BUSY, rooms_of
from tests.feishu.virtual import START, on_virtual_time, run
from tests.test_config_flow import BATCH_SCOPE, FREE_BUSY_SCOPE

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WINDOW = (START - DAY, START + 7 * DAY)
GRANTED = {FREE_BUSY_SCOPE, BATCH_SCOPE}
LIST, BY_BATCH = SourceOption.LIST, SourceOption.BATCH
PAID, FREE = {"plan": "paid"}, {"plan": "free"}

# Choice of the API


def choice(options: dict[str, Any], rooms: int, *, granted: bool | None = True) -> Forecast:
    """Return the forecast for November, without off-hours unless the options enable them."""
    stored = {"off_hours": {"enabled": False}, **options}
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return forecast(Options.of(stored), rooms, batch_granted=granted, now=now, time_zone=UTC)


@pytest.mark.parametrize(
    ("options", "rooms", "source", "reason"),
    [
        # paid: by list, while the calls of a minute are at most half of Feishu's limit
        (PAID, 1, LIST, Reason.AFFORDABLE),
        (PAID, 500, LIST, Reason.AFFORDABLE),
        (PAID, 501, BY_BATCH, Reason.THRIFTY),
        ({**PAID, "scan_interval": 120}, 1_000, LIST, Reason.AFFORDABLE),
        ({**PAID, "scan_interval": 120}, 1_001, BY_BATCH, Reason.THRIFTY),
        ({**PAID, "scan_interval": 30}, 250, LIST, Reason.AFFORDABLE),
        ({**PAID, "scan_interval": 30}, 251, BY_BATCH, Reason.THRIFTY),
        ({**PAID, "scan_interval": 1}, 251, BY_BATCH, Reason.THRIFTY),
        # free: by list, while the chosen interval and the status of the rooms fit the monthly budget
        (FREE, 1, BY_BATCH, Reason.THRIFTY),
        ({**FREE, "scan_interval": 120}, 1, LIST, Reason.AFFORDABLE),
        ({**FREE, "monthly_budget": 45_474}, 1, LIST, Reason.AFFORDABLE),
        ({**FREE, "monthly_budget": 45_473}, 1, BY_BATCH, Reason.THRIFTY),
        ({**FREE, "scan_interval": 3_600}, 32, LIST, Reason.AFFORDABLE),
        ({**FREE, "scan_interval": 3_600}, 33, BY_BATCH, Reason.THRIFTY),
        ({**FREE, "off_hours": {"enabled": True}}, 1, LIST, Reason.AFFORDABLE),
        ({**FREE, "off_hours": {"enabled": True}}, 2, BY_BATCH, Reason.THRIFTY),
        # chosen
        ({**FREE, "source": "list"}, 1_000, LIST, Reason.CHOSEN),
        ({**PAID, "source": "list"}, 1_000, LIST, Reason.CHOSEN),
        ({**PAID, "source": "batch"}, 1, BY_BATCH, Reason.CHOSEN),
        ({**FREE, "source": "batch"}, 1_000, BY_BATCH, Reason.CHOSEN),
        # nothing to read
        (FREE, 0, LIST, Reason.AFFORDABLE),
    ],
)
def test_choice_of_the_api(options: dict[str, Any], rooms: int, source: SourceOption, reason: Reason) -> None:
    by = choice(options, rooms)

    assert (by.source, by.reason) == (source, reason)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (FREE, Reason.NOT_GRANTED),
        ({**FREE, "source": "batch"}, Reason.NOT_GRANTED),
        ({**FREE, "source": "list"}, Reason.CHOSEN),
        (PAID, Reason.AFFORDABLE),
    ],
)
def test_rooms_are_read_by_list_without_the_batch_permission(options: dict[str, Any], reason: Reason) -> None:
    by = choice(options, 12, granted=False)

    assert (by.source, by.reason, by.calls_per_cycle) == (LIST, reason, 12)


@pytest.mark.parametrize("options", [FREE, {**FREE, "source": "batch"}])
def test_batch_is_tried_if_its_permission_is_unknown(options: dict[str, Any]) -> None:
    assert choice(options, 12, granted=None).source is BY_BATCH


@pytest.mark.parametrize(
    ("options", "rooms", "calls_per_cycle", "interval", "calls"),
    [
        # the status of the rooms takes a fifth of the budget at most, or one call for 50 rooms every half hour
        (FREE, 200, 10, 30 * DAY * 10 / 20_000, 25_000),
        ({**FREE, "source": "list"}, 200, 200, 30 * DAY * 200 / 20_000, 25_000),
        ({**FREE, "monthly_budget": 11_000, "scan_interval": 3_600}, 12, 12, HOUR, 720 * (12 + 2)),
        ({**FREE, "horizon_days": 60, "source": "batch"}, 40, 6, 30 * DAY * 6 / (25_000 - 1_440), 25_000),
        (PAID, 12, 12, MINUTE, 43_200 * 12 + 720 * 6),
        (PAID, 1_000, 50, MINUTE, 43_200 * 50 + 720 * 6 * 20),
    ],
)
def test_forecast_of_interval_and_monthly_calls(
    options: dict[str, Any], rooms: int, calls_per_cycle: int, interval: timedelta, calls: int
) -> None:
    by = choice(options, rooms)

    assert by.calls_per_cycle == calls_per_cycle
    assert by.plan.office == interval
    assert by.calls == pytest.approx(calls, abs=1)


def test_forecast_is_the_same_on_every_day_of_a_month() -> None:
    """Otherwise the source would switch back and forth during a month."""
    zone = ZoneInfo("Asia/Shanghai")
    forecasts = {
        forecast(
            Options.of({"scan_interval": 120}),
            2,
            batch_granted=True,
            now=datetime(2026, 11, day, 12, tzinfo=UTC),
            time_zone=zone,
        )
        for day in range(1, 31)
    }

    assert len(forecasts) == 1


# Reading


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant()
    for number in range(60):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    tenant.book("omm_3", START, START + HOUR)
    return tenant


MOMENT = Moment(START, LoopSeconds(0.0), UTC)


class Reader:
    """Reads the rooms of a tenant repeatedly, as the poller does."""

    def __init__(
        self, tenant: Tenant, scopes: Collection[str] | None = None, *, rooms: int = 60, **options: Any
    ) -> None:
        """Use a free plan by default: it cannot afford a call for each room."""
        self.tenant = tenant
        self.ids = [f"omm_{number}" for number in range(rooms)]
        self.options = Options.of({"plan": "free", **options})
        self.source = RoomSource(on_virtual_time(tenant).client, self.options, (rooms, 0), scopes, MOMENT)
        self.configure(scopes)

    def configure(self, scopes: Collection[str] | None = None) -> None:
        """Clear the request log and configure the source with the known scopes."""
        self.tenant.requests.clear()
        self.source.configure(self.options, (len(self.ids), 0), scopes, MOMENT)

    async def poll(self, *, doubtful: Collection[str] = (), probe: bool = False) -> Answers:
        """Read all rooms; check that the answers reported one by one are those returned."""
        reported: Answers = {}

        def take(room_id: str, answer: Any) -> None:
            assert room_id not in reported
            reported[room_id] = answer

        answers = await self.source.read(self.ids, *WINDOW, take, doubtful=doubtful, probe=probe)
        assert answers == reported
        assert answers.keys() == set(self.ids)
        return answers

    @property
    def calls(self) -> tuple[int, int]:
        """Return the number of batch calls and of list calls."""
        return len(self.tenant.calls(BATCH)), len(self.tenant.calls(FREE_BUSY))


def failed(answers: Answers) -> set[type]:
    """Return the types of the failures."""
    return {type(answer) for answer in answers.values() if isinstance(answer, FeishuError)}


@pytest.mark.parametrize(
    ("options", "scopes", "calls", "chunk"),
    [
        ({}, None, (3, 0), 20),
        ({}, GRANTED, (3, 0), 20),
        ({}, {FREE_BUSY_SCOPE}, (0, 60), 1),
        (PAID, GRANTED, (0, 60), 1),
        ({"source": "batch"}, GRANTED, (3, 0), 20),
        ({**PAID, "source": "batch"}, GRANTED, (3, 0), 20),
        ({"source": "list"}, GRANTED, (0, 60), 1),
        ({"source": "batch"}, {FREE_BUSY_SCOPE}, (0, 60), 1),
    ],
)
def test_rooms_are_read_by_the_chosen_api(
    tenant: Tenant, options: dict[str, Any], scopes: Collection[str] | None, calls: tuple[int, int], chunk: int
) -> None:
    async def main() -> None:
        reader = Reader(tenant, scopes, **options)
        answers = await reader.poll()
        assert failed(answers) == set()
        assert answers["omm_3"]
        assert reader.calls == calls
        assert (reader.source.chunk_size, reader.source.refusal) == (chunk, None)

    run(main())


@pytest.mark.parametrize("external", [True, False])
def test_external_calendar_option_is_sent(tenant: Tenant, external: bool) -> None:
    async def main() -> None:
        await Reader(tenant, source="list", include_external_calendar=external).poll()

    run(main())
    bodies = [call.body for call in tenant.calls(FREE_BUSY)]
    assert all(isinstance(body, dict) and body["include_external_calendar"] is external for body in bodies)


def test_doubtful_rooms_are_read_by_list(tenant: Tenant) -> None:
    """The batch API may omit an unknown room, just like a room without bookings."""
    tenant.variants.unknown_batch_room = "omitted"
    for room_id in ("omm_5", "omm_30"):
        tenant.delete_room(room_id)

    async def main() -> None:
        reader = Reader(tenant)
        answers = await reader.poll(doubtful={"omm_5", "omm_30", "omm_31"})
        assert {room_id for room_id, answer in answers.items() if isinstance(answer, SubjectError)} == {
            "omm_5",
            "omm_30",
        }
        assert isinstance(answers["omm_31"], tuple)
        assert reader.calls == (3, 3)

    run(main())


# Refusals

# Cause, error, and polls in a row until it counts: a single page that is not Feishu's may come from a gateway
REFUSALS = [
    pytest.param(lambda tenant: tenant.revoke(BATCH_SCOPE), ScopeMissingError, 1, id="scope"),
    pytest.param(lambda tenant: setattr(tenant.variants, "room_batch", "30005"), EndpointRetiredError, 1, id="30005"),
    pytest.param(lambda tenant: setattr(tenant.variants, "room_batch", "404"), NotFeishuError, 2, id="404"),
    pytest.param(
        lambda tenant: tenant.inject(Fault.error(400, 99991201), BATCH, times=None),
        EndpointRetiredError,
        1,
        id="no path",
    ),
    pytest.param(
        lambda tenant: tenant.inject(Fault.error(400, 105999), BATCH, times=None),
        RequestError,
        1,
        id="an unknown code",
    ),
    pytest.param(
        lambda tenant: tenant.inject(Fault.redirect("https://example.com"), BATCH, times=None),
        NotFeishuError,
        2,
        id="redirect",
    ),
]
type Begin = Callable[[Tenant], object]


@pytest.mark.parametrize(("begin", "kind", "polls"), REFUSALS)
@pytest.mark.parametrize("probe", [False, True])
@pytest.mark.parametrize("rooms", [60, 20])
def test_rooms_refused_by_batch_are_read_by_list_in_the_same_poll(
    tenant: Tenant, begin: Begin, kind: type[FeishuError], polls: int, probe: bool, rooms: int
) -> None:
    async def main() -> None:
        reader = Reader(tenant, rooms=rooms)
        begin(tenant)
        for number in range(polls):
            assert reader.source.refusal is None
            answers = await reader.poll(probe=probe)
            assert failed(answers) == set()
            assert answers["omm_3"]
            assert reader.calls[1] == rooms * (number + 1)
        assert type(reader.source.refusal) is kind

        reader.configure()
        assert (reader.source.forecast.source, reader.source.forecast.reason) == (LIST, Reason.REFUSED)
        assert reader.source.forecast.calls_per_cycle == rooms
        assert reader.source.chunk_size == 1
        await reader.poll()
        assert reader.calls == (0, rooms)

    run(main())


@pytest.mark.parametrize(("begin", "kind", "polls"), REFUSALS)
def test_try_again_retries_a_refused_batch(tenant: Tenant, begin: Begin, kind: type[FeishuError], polls: int) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        begin(tenant)
        for _ in range(polls):
            await reader.poll()
        assert type(reader.source.refusal) is kind
        reader.source.try_again()
        reader.configure()
        await reader.poll()
        assert type(reader.source.refusal) is kind

        tenant.grant(BATCH_SCOPE)
        tenant.clear_faults()
        tenant.variants.room_batch = "served"
        reader.source.try_again()
        reader.configure()
        assert failed(await reader.poll()) == set()
        assert reader.calls == (3, 0)
        assert reader.source.refusal is None
        assert reader.source.forecast.reason is Reason.THRIFTY

    run(main())


ODD_ANSWERS = [Fault.html(403), Fault.html(404), Fault.redirect("https://example.com"), Fault.error(400, 105999)]


@pytest.mark.parametrize("fault", ODD_ANSWERS)
@pytest.mark.parametrize("probe", [False, True])
def test_single_refused_call_does_not_disable_batch(tenant: Tenant, fault: Fault, probe: bool) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        tenant.inject(fault, BATCH, times=None, when=lambda call: ("room_ids", "omm_45") in call.pairs)
        for number in range(1, 4):
            answers = await reader.poll(probe=probe)
            assert failed(answers) == set()
            assert answers["omm_3"]
            assert reader.calls == (3 * number, 20 * number)
            assert reader.source.refusal is None

        tenant.clear_faults()
        await reader.poll(probe=probe)
        assert reader.calls == (12, 60)

    run(main())


@pytest.mark.parametrize("fault", ODD_ANSWERS[:3])
@pytest.mark.parametrize("rooms", [20, 60])
def test_foreign_pages_in_alternate_polls_do_not_disable_batch(tenant: Tenant, fault: Fault, rooms: int) -> None:
    async def main() -> None:
        reader = Reader(tenant, rooms=rooms)
        for number in range(1, 4):
            tenant.inject(fault, BATCH, times=None)
            assert failed(await reader.poll()) == set()
            tenant.clear_faults()
            assert failed(await reader.poll()) == set()
            assert reader.calls[1] == rooms * number
            assert reader.source.refusal is None

    run(main())


def test_refusal_stops_further_batch_calls(tenant: Tenant) -> None:
    for number in range(60, 400):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")

    async def main() -> None:
        reader = Reader(tenant, rooms=400)
        tenant.revoke(BATCH_SCOPE)
        await reader.poll()
        assert reader.calls[0] <= 10  # the calls in flight when the first answer arrives

    run(main())


def test_missing_scope_takes_precedence_over_a_refusal(tenant: Tenant) -> None:
    async def main() -> None:
        reader = Reader(tenant, GRANTED)
        tenant.revoke(BATCH_SCOPE)
        await reader.poll()
        assert isinstance(reader.source.refusal, ScopeMissingError)

        reasons = []
        for scopes in ({FREE_BUSY_SCOPE}, GRANTED):
            reader.configure(scopes)
            reasons.append(reader.source.forecast.reason)
        assert reasons == [Reason.NOT_GRANTED, Reason.REFUSED]

    run(main())


def test_affordable_list_takes_precedence_over_a_refusal(tenant: Tenant) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        tenant.variants.room_batch = "30005"
        await reader.poll()
        reader.options = Options.of({"plan": "paid"})
        reader.configure()
        assert reader.source.forecast.reason is Reason.AFFORDABLE

    run(main())


# Unreadable answers

INCOMPLETE = [{"free_busy": "null"}, {"free_busy": "missing"}, {"window_echo": "neither"}]


@pytest.mark.parametrize("variants", INCOMPLETE, ids=str)
def test_unreadable_answers_in_two_polls_in_a_row_are_a_refusal(tenant: Tenant, variants: dict[str, Any]) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        tenant.variants.update(variants)
        assert failed(await reader.poll()) == {UnreadableAnswerError}
        assert reader.calls[1] == 0
        assert reader.source.refusal is None

        answers = await reader.poll(probe=True)
        assert failed(answers) == set()
        assert answers["omm_3"]
        assert isinstance(reader.source.refusal, UnreadableAnswerError)

    run(main())


def test_unreadable_answers_in_alternate_polls_are_no_refusal(tenant: Tenant) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        for _ in range(3):
            tenant.variants.free_busy = "null"
            assert failed(await reader.poll()) == {UnreadableAnswerError}
            tenant.variants.free_busy = "map"
            assert failed(await reader.poll(probe=True)) == set()
        assert reader.calls[1] == 0
        assert reader.source.refusal is None

    run(main())


def test_single_unreadable_room_is_no_refusal(tenant: Tenant) -> None:
    row = {"room_id": "omm_3", "start_time": "nonsense", "end_time": "nonsense"}
    window = {"time_min": WINDOW[0].isoformat(), "time_max": WINDOW[1].isoformat()}

    async def main() -> None:
        reader = Reader(tenant, rooms=20)
        damaged = {"code": 0, "data": {**window, "free_busy": {"omm_3": [row]}}}
        tenant.inject(Fault.body(200, damaged), BATCH, times=None)
        for _ in range(3):
            answers = await reader.poll()
            assert {room_id for room_id, answer in answers.items() if isinstance(answer, FeishuError)} == {"omm_3"}
        assert reader.calls == (3, 0)
        assert reader.source.refusal is None

    run(main())


# Failures that are no refusal


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.status(503), ServerError),
        (Fault.html(502), ServerError),
        (Fault.error(500, 2200), ServerError),
        (Fault.close(), NotReachableError),
        (Fault.slow(3_600), NotReachableError),
        (Fault.error(429, 99991403), QuotaExceededError),
        (Fault.rate_limited(1), RateLimitedError),
        (Fault.html(429), RateLimitedError),
    ],
)
@pytest.mark.parametrize("probe", [False, True])
def test_outage_of_batch_alone_is_no_refusal(
    tenant: Tenant, fault: Fault, kind: type[FeishuError], probe: bool
) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        tenant.inject(fault, BATCH, times=None)
        for _ in range(3):
            assert failed(await reader.poll(probe=probe)) == {kind}
        assert reader.calls[1] == 0
        assert reader.source.refusal is None

        tenant.clear_faults()
        assert failed(await reader.poll(probe=True)) == set()
        assert reader.calls[1] == 0

    run(main())


def test_single_rate_limit_page_is_retried(tenant: Tenant) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        tenant.inject(Fault.html(429), BATCH)
        assert failed(await reader.poll()) == set()
        assert reader.calls == (4, 0)
        assert reader.source.refusal is None

    run(main())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.html(404), NotFeishuError),
        (Fault.html(200), NotFeishuError),
        (Fault.redirect("https://example.com"), NotFeishuError),
        (Fault.error(400, 99991672), ScopeMissingError),
    ],
)
@pytest.mark.parametrize("probe", [False, True])
def test_failure_of_both_apis_is_no_refusal_of_batch(
    tenant: Tenant, fault: Fault, kind: type[FeishuError], probe: bool
) -> None:
    async def main() -> None:
        reader = Reader(tenant)
        for path in (BATCH, FREE_BUSY):
            tenant.inject(fault, path, times=None)
        for _ in range(3):
            assert failed(await reader.poll(probe=probe)) == {kind}
        assert reader.source.refusal is None
        assert reader.calls[1] <= 3 * 3  # one call per poll and its retries

        tenant.clear_faults()
        reader.configure()
        assert failed(await reader.poll(probe=True)) == set()
        assert reader.calls == (3, 0)

    run(main())


# Both APIs agree


def schedules(answers: Answers, *, count_pending_as_busy: bool) -> dict[str, Schedule]:
    """Return the schedules built from the answers."""
    found = {}
    for room_id, answer in answers.items():
        assert isinstance(answer, tuple)
        found[room_id] = build_schedule(
            answer,
            kind=SubjectKind.ROOM,
            window_start=WINDOW[0],
            horizon=WINDOW[1],
            count_pending_as_busy=count_pending_as_busy,
        )
    return found


@pytest.mark.parametrize("pending", ["shown", "hidden"])
@pytest.mark.parametrize(
    "variants",
    [
        {},
        {"offset": "utc"},
        {"clipping": "clipped"},
        {"overlaps": "merged"},
        {"overlaps": "split_overlapping", "row_order": "unsorted"},
        {"idle_room": "empty_list", "free_busy": "list_of_rows"},
        {"declined_rows": "always", "rsvp_status": "always"},
    ],
    ids=str,
)
def test_both_apis_give_the_same_schedules(pending: str, variants: dict[str, Any]) -> None:
    """One difference is allowed: batch hides pending requests or shows them as bookings."""
    tenant = office(45, now=START)
    tenant.variants.update({**variants, "pending_rows": pending})

    async def main() -> tuple[Answers, Answers]:
        readers = [Reader(tenant, source=source) for source in ("list", "batch")]
        for reader in readers:
            reader.ids = list(tenant.rooms)
        return await readers[0].poll(), await readers[1].poll()

    one_by_one, in_batches = run(main())

    assert tenant.calls(BATCH)
    assert tenant.calls(FREE_BUSY)
    as_booked = schedules(one_by_one, count_pending_as_busy=pending == "shown")
    assert sum(len(schedule.blocks) for schedule in as_booked.values()) > 100
    assert any(schedule.pending for schedule in as_booked.values())
    assert {room_id: schedule.blocks for room_id, schedule in as_booked.items()} == {
        room_id: schedule.blocks for room_id, schedule in schedules(in_batches, count_pending_as_busy=False).items()
    }


def test_batch_calls_are_full_and_contain_no_room_twice(tenant: Tenant) -> None:
    async def main() -> None:
        await Reader(tenant, rooms=45).poll()

    run(main())
    asked = [rooms_of(call) for call in tenant.calls(BATCH)]
    assert sorted(map(len, asked)) == [5, 20, 20]
    assert len({room_id for ids in asked for room_id in ids}) == 45
