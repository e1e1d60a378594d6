"""What is promised of speed, size and cost, measured. `scripts/bench` runs all of it."""
