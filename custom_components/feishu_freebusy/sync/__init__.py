"""Keeps the data current: which subject to read when, by which API, at what cost."""
