"""The command line."""

import contextlib
import json
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

HANGS = 300  # seconds, however slow the machine is
ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> subprocess.Popen[str]:
    """Start the simulator as a shell starts a background job: with Ctrl-C ignored."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "simulator", *arguments],
        cwd=ROOT / "dev",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - nothing else runs in between
    )


@pytest.mark.usefixtures("socket_enabled")
def test_it_serves_until_ctrl_c() -> None:
    with command("--rooms", "3", "--port", "0", "--seed", "7") as process:
        assert process.stdout is not None
        try:
            printed = ""
            while line := process.stdout.readline():
                printed += line
                if line == "Ctrl-C stops it.\n":
                    break
            found = re.search(r"http://127\.0\.0\.1:\d+", printed)
            assert found is not None
            with contextlib.closing(urlopen(f"{found[0]}/simulator/state")) as response:  # noqa: S310 - the printed address
                state = json.load(response)
            assert len(state["rooms"]) == 3
            assert state["app"]["app_id"] in printed
            assert "simulated-secret-0001" in printed
        finally:
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=HANGS)
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.usefixtures("socket_enabled")
def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with command("--port", str(port)) as process:
            output, errors = process.communicate(timeout=HANGS)
    assert (process.returncode, output) == (1, "")
    assert errors == f"Can't listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--rooms", "-1"), ("--seed", "x")])
def test_invalid_arguments_are_named(arguments: tuple[str, str]) -> None:
    with command(*arguments) as process:
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 2
    assert arguments[0] in errors


def test_help_documents_the_control_interface() -> None:
    with command("--help") as process:
        output, _ = process.communicate(timeout=HANGS)
    assert process.returncode == 0
    assert "POST faults/inject" in output
