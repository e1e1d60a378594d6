"""The endpoints of the simulated open platform, one module per product."""
