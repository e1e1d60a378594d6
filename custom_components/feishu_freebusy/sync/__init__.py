"""Keeps what is known current: when to ask, whom, by what API, at what cost."""
