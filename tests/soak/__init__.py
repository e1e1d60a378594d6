"""A simulated year of one Home Assistant, with everything that can go wrong: `scripts/soak`.

`year` runs the year with a `scheduler`. `home` starts and stops Home Assistant, `actions` are what a user does in it,
`office` changes bookings and rooms, and `incidents` break things. `observed_simulator` reports every call to `answers`,
which gives the good answers to the `oracle`. From these alone, the oracle computes by brute force what must be shown.
`checker` compares that with the states, and `leftovers` finds timers, tasks and listeners that should have ended.
"""
