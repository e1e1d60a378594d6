"""Benchmarks of speed, size and API cost against their targets. `scripts/bench` runs all of them."""
