"""A real Home Assistant with meeting rooms in it, until Ctrl-C.

The tenant is the simulator that comes with this project. With FEISHU_APP_ID and FEISHU_APP_SECRET set it is a real one,
at FEISHU_BASE_URL (default: https://open.feishu.cn; Lark: https://open.larksuite.com).
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
import os
from pathlib import Path
import signal
import sys
import tempfile
from typing import Any

from simulator import Simulator, Tenant
from simulator.office import office

from . import dashboard, table
from .assist import teach_assist
from .connect import Credentials, add_integration, add_people, room_states
from .home_assistant import HomeAssistant, HomeAssistantError
from .life import live, wake_up

_KNOWN = {"on", "off"}


def main() -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends all that was started, as Ctrl-C does
    try:
        return asyncio.run(_run(options))
    except KeyboardInterrupt:
        return 0
    except (HomeAssistantError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rooms", type=int, default=12, help="how many meeting rooms (default: 12)")
    parser.add_argument("--port", type=int, default=8123, help="Home Assistant's port on 127.0.0.1 (default: 8123)")
    parser.add_argument("--language", choices=("en", "zh-Hans"), default="en", help="default: en")
    parser.add_argument("--fast", action="store_true", help="for the impatient: much happens, and is seen, at once")
    parser.add_argument(
        "--once", action="store_true", help="print the table once and end; fails if a room has no state"
    )
    return parser


async def _run(options: argparse.Namespace) -> int:
    async with _tenant(options) as (credentials, tenant):
        with tempfile.TemporaryDirectory(prefix="feishu-freebusy-demo-", ignore_cleanup_errors=True) as folder:
            home = HomeAssistant(Path(folder), options.port, options.language, _local_zone())
            _say("Starting Home Assistant …")
            async with home:
                await home.onboard()
                _say("Adding the integration …")
                entry_id = await add_integration(home, credentials, plan="paid", most_rooms=options.rooms)
                if tenant:
                    people = {user.open_id: user.name for user in tenant.users.values()}
                    await add_people(home, entry_id, people)
                states = await _all_known(home)
                await teach_assist(home, entry_id)
                address = await dashboard.add_dashboards(home)
                if options.once:
                    print("\n".join(table.lines(states, colour=False)))
                    return 0 if states and all(state["state"] in _KNOWN for state in states) else 1
                await _show(home, address, tenant, fast=options.fast)
    return 0


@asynccontextmanager
async def _tenant(options: argparse.Namespace) -> AsyncIterator[tuple[Credentials, Tenant | None]]:
    """Yield the tenant to read: a real one where credentials are given, else the simulator's."""
    app_id, app_secret = os.environ.get("FEISHU_APP_ID"), os.environ.get("FEISHU_APP_SECRET")
    if app_id and app_secret:
        yield Credentials(os.environ.get("FEISHU_BASE_URL", "https://open.feishu.cn"), app_id, app_secret), None
        return
    tenant = office(rooms=options.rooms)
    wake_up(tenant)
    async with Simulator(tenant) as simulator:
        yield Credentials(simulator.base_url, tenant.app_id, tenant.app_secret), tenant


async def _all_known(home: HomeAssistant) -> list[dict[str, Any]]:
    """Return the rooms' states, as soon as each has one, or after a while as they are."""
    states: list[dict[str, Any]] = []
    for _ in range(40):
        states = await room_states(home)
        if states and all(state["state"] in _KNOWN for state in states):
            break
        await asyncio.sleep(0.25)
    return states


async def _show(home: HomeAssistant, address: str, tenant: Tenant | None, *, fast: bool) -> None:
    """Print the table again whenever a room changes."""
    async with asyncio.TaskGroup() as group:
        if tenant:
            group.create_task(live(tenant, fast=fast))
        if fast:
            group.create_task(_read_often(home))
        while True:
            # The heading scrolls away with the old table: print it with each
            rows = table.lines(await room_states(home), colour=sys.stdout.isatty())
            heading = [
                f"Home Assistant  {address}",
                "User            demo, password demo",
                f"{datetime.now().astimezone():%H:%M:%S}",
                "",
            ]
            print(
                ("\x1b[2J\x1b[H" if sys.stdout.isatty() else "\n")
                + "\n".join([*heading, *rows, "", "Ctrl-C ends it."]),
                flush=True,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(5 if sys.stdout.isatty() else 60):
                    async for event in home.events("state_changed"):
                        if event["data"]["entity_id"].startswith("binary_sensor."):
                            break


async def _read_often(home: HomeAssistant) -> None:
    """Have the rooms read more often than the shortest interval of a poll."""
    while True:
        await asyncio.sleep(11)
        rooms = [state["entity_id"] for state in await room_states(home)]
        await home.post("/api/services/homeassistant/update_entity", {"entity_id": rooms})


def _local_zone() -> str:
    """Return the name of this machine's time zone."""
    parts = Path("/etc/localtime").resolve().parts
    return os.environ.get("TZ") or ("/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else "UTC")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
