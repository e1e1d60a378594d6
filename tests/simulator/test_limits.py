"""Sliding windows."""

from hypothesis import given, strategies as st

from simulator.limits import SlidingWindows


@given(st.lists(st.integers(0, 40), max_size=60))
def test_never_more_than_the_limit_in_any_window(gaps: list[int]) -> None:
    """For any spacing of calls: no window admits more than its limit, and no call below the limits is refused."""
    now = 0.0
    windows = SlidingWindows(lambda: now, ((3, 64.0), (5, 256.0)))
    admitted: list[float] = []
    for gap in gaps:
        now += gap
        full = [(limit, window) for limit, window in windows.windows if len(_within(admitted, now, window)) >= limit]
        excess = windows.admit("api")
        assert (excess is not None) == bool(full)
        if excess is None:
            admitted.append(now)
        else:
            assert (excess.limit, excess.window) == full[0]
            assert len(_within(admitted, now + excess.reset, excess.window)) < excess.limit


def _within(calls: list[float], now: float, window: float) -> list[float]:
    return [call for call in calls if now - call < window]
