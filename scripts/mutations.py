"""Breaks rules one by one in a copy of the repository, and lists the breakages that the tests let pass.

`scripts/prove mutations` runs it. A module takes `--most` mutations, chosen by `--seed`. It fails if the tests find too
few of a module's mutations; some change nothing that can be seen, so nobody expects all.
"""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import Final

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "custom_components/feishu_freebusy"
# Each module and the tests that own its rules; a folder's other tests cost time and find the same
TARGETS: Final = {
    "model/evidence.py": ["model/test_evidence.py", "model/test_subject.py"],
    "model/intervals.py": ["model/test_intervals.py"],
    "model/room_evidence.py": ["sync/test_statuses.py", "sync/test_followed_levels.py", "test_disabled.py"],
    "model/schedule.py": ["model/test_schedule.py"],
    "model/search.py": ["model/test_search.py"],
    "model/subject.py": ["model/test_subject.py", "model/test_evidence.py"],
    "feishu/clock.py": ["feishu/test_clock.py"],
    "feishu/frames.py": ["feishu/test_frames.py"],
    "feishu/hints.py": ["feishu/test_hints.py"],
    "feishu/limits.py": ["feishu/test_limits.py"],
    "feishu/parse.py": ["feishu/test_parse.py", "feishu/test_parse_batch.py", "feishu/test_directory.py"],
    "feishu/windows.py": ["feishu/test_client.py", "model/test_subject.py"],
    "sync/push.py": ["sync/test_push.py"],
    "sync/quota.py": ["sync/test_quota.py"],
    "sync/ranges.py": ["sync/test_ranges.py"],
    "sync/shares.py": ["sync/test_shares.py"],
    "sync/statuses.py": ["sync/test_statuses.py"],
    "sync/timetable.py": ["test_coordinator.py", "test_coordinator_outage.py", "test_coordinator_off_hours.py"],
    "sync/wake_up.py": ["sync/test_wake_up.py", "test_time.py"],
}
_LEAST_FOUND: Final = 0.75  # of a module's mutations
_CONFIG: Final = """\
[cosmic-ray]
module-path = "{module}"
timeout = {timeout}
excluded-modules = []
test-command = {command!r}

[cosmic-ray.distributor]
name = "local"
"""


def main(arguments: Sequence[str]) -> int:
    """Run the mutations of some modules; return 1 if too few are found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter that has Home Assistant's test kit")
    parser.add_argument("--most", type=int, default=40, help="mutations of a module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    args = parser.parse_args(arguments)
    weak = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copy(copy)
        for module in args.modules or TARGETS:
            found, survivors = _mutate(module, copy, args.python, args.most, args.seed)
            total = found + len(survivors)
            print(f"\n{module}: {found} of {total} mutations found", flush=True)
            for survivor in survivors:
                print(survivor)
            if found < _LEAST_FOUND * total:
                weak.append(module)
    if weak:
        print(f"\nThe tests find too few mutations of {', '.join(weak)}", file=sys.stderr)
    return bool(weak)


def _copy(copy: Path) -> None:
    """Copy the files of the repository, uncommitted changes included."""
    list_files = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(list_files, cwd=ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S603
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def _mutate(module: str, copy: Path, python: str, most: int, seed: int) -> tuple[int, list[str]]:
    """Return how many mutations the tests found, and the others as diffs."""
    tests = [f"tests/{name}" for name in TARGETS[module]]
    command = [python, "-m", "pytest", "-q", "-x", "-n", "0", "--hypothesis-profile", "quick", "-p", "no:cacheprovider"]
    config, session = copy / "mutations.toml", copy / "mutations.sqlite"
    text = _CONFIG.format(module=f"{PACKAGE}/{module}", timeout=300, command=shlex.join([*command, *tests]))
    config.write_text(text, encoding="utf-8")
    session.unlink(missing_ok=True)
    env = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}  # pytest finds the modules of the copy

    def cosmic_ray(*step: str | Path) -> None:
        command = [sys.executable, "-m", "cosmic_ray.cli", *step]
        subprocess.run(command, cwd=copy, env=env, check=True)  # noqa: S603

    cosmic_ray("init", config, session)
    cosmic_ray("baseline", config)
    with use_db(str(session), WorkDB.Mode.open) as work:
        items = list(work.pending_work_items)
        jobs = [item.job_id for item in items]
        lines = (copy / PACKAGE / module).read_text(encoding="utf-8").splitlines()
        seen = [item.job_id for item in items if not any(_is_unseen(each, lines) for each in item.mutations)]
        chosen = set(random.Random(seed).sample(seen, min(most, len(seen))))  # noqa: S311  # no secret
        for job in jobs:
            if job not in chosen:
                work.set_result(job, WorkResult(WorkerOutcome.SKIPPED))
    cosmic_ray("exec", config, session)
    with use_db(str(session), WorkDB.Mode.open) as work:
        results = [result for _, result in work.results if result.worker_outcome is not WorkerOutcome.SKIPPED]
    if not results or any(result.worker_outcome is not WorkerOutcome.NORMAL for result in results):
        raise RuntimeError(f"mutations of {module} could not be run")
    survivors = [result.diff or "" for result in results if result.test_outcome is not TestOutcome.KILLED]
    return len(results) - len(survivors), survivors


def _is_unseen(mutation: MutationSpec, lines: Sequence[str]) -> bool:
    """Return whether nobody can see the mutation: in a type, which is never evaluated, or in what a decorator takes."""
    if "BinaryOperator_BitOr_" in mutation.operator_name:
        return True
    line = lines[mutation.start_pos[0] - 1].strip()
    return line.startswith(("@dataclass(", "@lru_cache(")) and "RemoveDecorator" not in mutation.operator_name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
