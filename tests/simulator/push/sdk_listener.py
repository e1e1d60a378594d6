"""Runs the SDK's client of the long connection and prints each room event as a line of JSON.

Its arguments are the app id, the app secret and the address of the open platform.
"""

import asyncio
import json
import sys
from typing import Any


def main(app_id: str, secret: str, address: str) -> None:
    """Listen until the process ends, or the SDK gives up."""
    asyncio.set_event_loop(asyncio.new_event_loop())  # the SDK wants one when it is imported
    import lark_oapi as lark  # noqa: PLC0415
    from lark_oapi.ws import Client  # noqa: PLC0415

    def show(event: Any) -> None:
        line = json.dumps({"id": event.header.event_id, "room": event.event.room_id})
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    builder = lark.EventDispatcherHandler.builder("", "")
    handler = builder.register_p2_meeting_room_meeting_room_status_changed_v1(show).build()
    Client(app_id, secret, event_handler=handler, domain=address).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
