"""Serves a simulated tenant until Ctrl-C: ``scripts/simulator --rooms 12 --port 8990``."""

import argparse
import asyncio
from collections.abc import Sequence
import contextlib
import os
import signal
import sys

from . import control
from .office import office
from .server import Simulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (default: ``sys.argv``) and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
        asyncio.run(_run(options.rooms, options.seed, options.port))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"Can't listen on 127.0.0.1:{options.port}: {os.strerror(error.errno or 0)}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/simulator",
        description="A Feishu tenant with meeting rooms, on 127.0.0.1.",
        epilog=control.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rooms", type=_count, default=12, help="how many meeting rooms (default: 12)")
    parser.add_argument("--port", type=_port, default=8990, help="port to listen on, 0 = any free port (default: 8990)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same office (default: 1)")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be 0 or more")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return int(text)


async def _run(rooms: int, seed: int, port: int) -> None:
    tenant = office(rooms=rooms, seed=seed)
    async with Simulator(tenant, port) as simulator:
        print(f"Feishu simulator   {simulator.base_url}")
        print(f"App ID             {tenant.app_id}")
        print(f"App secret         {tenant.app_secret}")
        print(f"Rooms              {len(tenant.rooms)}")
        print(f"Control            {simulator.base_url}{control.PREFIX}state (see --help)")
        print("Ctrl-C stops it.", flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
