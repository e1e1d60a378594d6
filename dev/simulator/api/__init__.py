"""The endpoints of the simulated Open Platform, one module a product."""
