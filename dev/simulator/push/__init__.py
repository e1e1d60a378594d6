"""The long connection, over which the open platform sends events to an app."""

from .hub import Act, Connection, Delivery, LinkState, Push

__all__ = ["Act", "Connection", "Delivery", "LinkState", "Push"]
