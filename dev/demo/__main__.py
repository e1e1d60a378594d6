"""Runs a real Home Assistant with meeting rooms until Ctrl-C.

By default the rooms come from the simulator of this project, and live updates, titles and booking are switched on. Set
FEISHU_APP_ID and FEISHU_APP_SECRET to use a real tenant, at FEISHU_BASE_URL (default: https://open.feishu.cn; Lark:
https://open.larksuite.com).
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from importlib import import_module
import os
from pathlib import Path
import signal
import sys
import tempfile
from types import ModuleType

from simulator import Simulator, Tenant
from simulator.office import office
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES

from . import dashboard, table
from .activity import fill_working_day, simulate_activity
from .assist import enable_assist
from .connect import KNOWN, Credentials, add_integration, add_people, known_states, room_states
from .features import add_blueprints, ignore_other_issues, switch_on
from .home_assistant import HomeAssistant, HomeAssistantError


def main() -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args()
    # Each stops everything. A shell starts background jobs with Ctrl-C ignored, and a closed terminal hangs up
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.default_int_handler)
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
    parser.add_argument("--fast", action="store_true", help="change and read bookings every few seconds")
    parser.add_argument("--quick", action="store_true", help="start sooner, without the statistics of past weeks")
    parser.add_argument(
        "--once", action="store_true", help="print the table once and exit; fail if a room has no state"
    )
    return parser


async def _run(options: argparse.Namespace) -> int:
    async with _tenant(options) as (credentials, tenant):
        with tempfile.TemporaryDirectory(prefix="feishu-freebusy-demo-", ignore_cleanup_errors=True) as folder:
            home = HomeAssistant(Path(folder), options.port, options.language, _local_zone())
            _say("Starting Home Assistant …")
            importing = None
            if tenant and not options.quick:
                # It imports Home Assistant, which takes seconds
                importing = asyncio.create_task(asyncio.to_thread(import_module, f"{__package__}.past"))
            async with home:
                await home.onboard()
                _say("Adding the meeting rooms …")
                entry_id = await add_integration(home, credentials, plan="paid", max_rooms=options.rooms)
                if tenant:
                    people = {user.open_id: user.name for user in tenant.users.values()}
                    await add_people(home, entry_id, people)
                    await switch_on(home, entry_id)
                past = await importing if importing else None
                if tenant and past:
                    _say("Adding what happened in the last weeks, with a restart …")
                    await past.add_past(home, entry_id, credentials, tenant.rooms.values())
                states = await known_states(home)
                await enable_assist(home, entry_id)
                address = await dashboard.add_dashboards(home)
                add_blueprints(home)
                await ignore_other_issues(home)
                if options.once:
                    print("\n".join(table.lines(states, color=False)))
                    return 0 if states and all(state["state"] in KNOWN for state in states) else 1
                heading = [f"Home Assistant  {address}", "User            demo, password demo"]
                if tenant:
                    asked = f"sign-in server {credentials.base_url}, app secret {credentials.app_secret}"
                    heading.append(f"Link a person   {asked}")
                await _show(home, heading, tenant, past, fast=options.fast)
    return 0


@asynccontextmanager
async def _tenant(options: argparse.Namespace) -> AsyncIterator[tuple[Credentials, Tenant | None]]:
    """Yield the credentials, and the simulated tenant unless the environment names a real one."""
    app_id, app_secret = os.environ.get("FEISHU_APP_ID"), os.environ.get("FEISHU_APP_SECRET")
    if app_id and app_secret:
        yield Credentials(os.environ.get("FEISHU_BASE_URL", "https://open.feishu.cn"), app_id, app_secret), None
        return
    tenant = office(rooms=options.rooms)
    fill_working_day(tenant)
    tenant.grant(*BOOKING_SCOPES, *TITLE_SCOPES)
    async with Simulator(tenant) as simulator:
        yield Credentials(simulator.base_url, tenant.app_id, tenant.app_secret), tenant


async def _show(
    home: HomeAssistant, heading: list[str], tenant: Tenant | None, past: ModuleType | None, *, fast: bool
) -> None:
    """Print the table, and again whenever a room changes. People come and go with the bookings, if there is a past."""
    async with asyncio.TaskGroup() as group:
        if tenant:
            group.create_task(simulate_activity(tenant, fast=fast))
        if fast:
            group.create_task(_read_often(home))
        while True:
            # Print the heading every time: clearing the screen removes it
            states = await room_states(home)
            if tenant and past:
                await past.show_people(home, tenant.rooms, states)
            rows = table.lines(states, color=sys.stdout.isatty())
            time = f"{datetime.now().astimezone():%H:%M:%S}"
            print(
                ("\x1b[2J\x1b[H" if sys.stdout.isatty() else "\n")
                + "\n".join([*heading, time, "", *rows, "", "Press Ctrl-C to stop."]),
                flush=True,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(5 if sys.stdout.isatty() else 60):
                    async for event in home.events("state_changed"):
                        if event["data"]["entity_id"].startswith("binary_sensor."):
                            break


async def _read_often(home: HomeAssistant) -> None:
    """Read the rooms more often than the shortest poll interval allows."""
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
