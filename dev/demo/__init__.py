"""A demo in one command: a real Home Assistant with the integration. See `scripts/demo --help`."""
