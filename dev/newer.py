"""Finds newer releases of Home Assistant and writes them into dev/requirements.

`python -m newer raise` moves each list that follows the newest release: the `.in` file, then the compiled `.txt`.
`python -m newer beta` writes `beta.txt`: what the tests need on the newest Home Assistant that the test kit supports,
betas included.
"""

from collections.abc import Iterable, Iterator
import json
import os
from pathlib import Path
import re
import shlex
import subprocess
import sys
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "dev" / "requirements"
HOME_ASSISTANT = "homeassistant"
TEST_KIT = "pytest-homeassistant-custom-component"
SUPPORTED_FLOOR = "floor"  # says which release is the oldest supported, so it moves by hand
PIN = re.compile(r"^([\w.-]+(?:\[[\w,-]+\])?)==([\w.]+)")

type Versions = dict[str, str]


def normalized(name: str) -> str:
    """Return a package's name without extras, as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def pins_in(lines: Iterable[str]) -> Versions:
    """Return the version of each package that lines of requirements pin."""
    return {normalized(found[1]): found[2] for line in lines if (found := PIN.match(line.strip()))}


def pins_of(home_assistant: Path) -> Versions:
    """Return the versions that an unpacked Home Assistant asks for: its constraints, and those of its components."""
    pins: Versions = {}
    for manifest in sorted(home_assistant.glob("components/*/manifest.json")):
        pins |= pins_in(json.loads(manifest.read_text(encoding="utf-8")).get("requirements", []))
    return pins | pins_in((home_assistant / "package_constraints.txt").read_text(encoding="utf-8").splitlines())


def lead_of(requirements: str) -> str | None:
    """Return the package that brings Home Assistant into a list; None if nothing does."""
    pins = pins_in(requirements.splitlines())
    return next((name for name in (TEST_KIT, HOME_ASSISTANT) if name in pins), None)


def raised(
    requirements: str, *, before: str, resolved: Versions, pins: Versions, overridden: Iterable[str] = ()
) -> str:
    """Return a list of requirements as a newer Home Assistant needs it.

    Args:
        requirements: The text of the `.in` file.
        before: The Home Assistant it brings today; comments that name this version are changed.
        resolved: The newest Home Assistant and, if the list has it, its test kit.
        pins: What that Home Assistant asks for.
        overridden: Packages that keep their version.

    """
    kept = {normalized(name) for name in overridden}

    def line(text: str) -> str:
        if text.startswith("#"):
            return re.sub(rf"(?<![\d.]){re.escape(before)}(?![\d.]*\d)", resolved[HOME_ASSISTANT], text)
        found = PIN.match(text)
        if found is None or normalized(found[1]) in kept:
            return text
        name = normalized(found[1])
        version = resolved.get(name) or pins.get(name) or found[2]
        return f"{found[1]}=={version}{text[found.end() :]}"

    return "".join(f"{line(text)}\n" for text in requirements.splitlines())


def run(*command: str | Path, given: str | None = None) -> str:
    """Run a command, uv with the running Python, and return what it printed."""
    # not --python: uv writes its options into what it compiles
    environment = {**os.environ, "UV_PYTHON": sys.executable}
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=True, env=environment, input=given, stdout=subprocess.PIPE, text=True
    ).stdout


def uv(*arguments: str | Path, given: str | None = None) -> str:
    """Run the pinned uv."""
    found = run("bash", "-c", "source scripts/lib.sh && find_uv").strip()
    return run(found, "--quiet", *arguments, given=given)


def compiled(requirements: str, overrides: Path | None = None) -> str:
    """Return the complete list that requirements resolve to."""
    options: list[str | Path] = ["--overrides", overrides] if overrides else []
    return uv(
        *("pip", "compile", "--universal", "--python-version", "3.14.2", "--no-annotate", "--no-header", "-", *options),
        given=requirements,
    )


def asked_for_by(version: str) -> Versions:
    """Return what a release of Home Assistant asks for."""
    with TemporaryDirectory() as folder:
        uv("pip", "install", "--no-deps", "--target", folder, f"{HOME_ASSISTANT}=={version}")
        return pins_of(Path(folder) / HOME_ASSISTANT)


def compile_again(source: Path) -> None:
    """Run the command that uv wrote into the head of a compiled list."""
    listed = source.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    uv(*shlex.split(listed[1].removeprefix("#"))[1:])


def raise_all() -> Iterator[str]:
    """Move every list that follows the newest Home Assistant, and yield a line for each that moved."""
    sources = {source: source.read_text(encoding="utf-8") for source in sorted(REQUIREMENTS.glob("*.in"))}
    moved = []
    for source, requirements in sources.items():
        lead = lead_of(requirements)
        if source.stem == SUPPORTED_FLOOR or lead is None:
            continue
        before = pins_in(source.with_suffix(".txt").read_text(encoding="utf-8").splitlines())[HOME_ASSISTANT]
        overrides = source.with_suffix(".overrides")
        overridden = pins_in(overrides.read_text(encoding="utf-8").splitlines()) if overrides.exists() else {}
        found = pins_in(compiled(lead, overrides if overrides.exists() else None).splitlines())
        resolved = {name: found[name] for name in {lead, HOME_ASSISTANT}}
        after = resolved[HOME_ASSISTANT]
        pins = asked_for_by(after)
        text = raised(requirements, before=before, resolved=resolved, pins=pins, overridden=overridden)
        if text == requirements:
            continue
        source.write_text(text, encoding="utf-8")
        compile_again(source)
        moved.append(source.name)
        yield f"{source.stem}: Home Assistant {before} -> {after}"
    for source, requirements in sources.items():
        if set(re.findall(r"^-r (\S+)", requirements, re.MULTILINE)).intersection(moved):
            compile_again(source)
            yield f"{source.stem}: compiled again"


def write_beta() -> str:
    """Write `beta.txt`, and return which Home Assistant it has."""
    requirements = (REQUIREMENTS / "newest.in").read_text(encoding="utf-8")
    before = pins_in((REQUIREMENTS / "newest.txt").read_text(encoding="utf-8").splitlines())[HOME_ASSISTANT]
    betas_too = f"{HOME_ASSISTANT}>=2026.1.0b0\n"  # a beta in the bound allows betas of this package, and of no other
    found = pins_in(compiled(f"{betas_too}{TEST_KIT}\n").splitlines())
    resolved = {name: found[name] for name in (TEST_KIT, HOME_ASSISTANT)}
    pins = asked_for_by(resolved[HOME_ASSISTANT])
    text = raised(requirements, before=before, resolved=resolved, pins=pins)
    (REQUIREMENTS / "beta.txt").write_text(compiled(betas_too + text), encoding="utf-8")
    return f"beta: Home Assistant {resolved[HOME_ASSISTANT]}"


def main() -> None:
    """Do what the one argument says."""
    match sys.argv[1:]:
        case ["raise"]:
            for line in raise_all():
                sys.stdout.write(f"{line}\n")
        case ["beta"]:
            sys.stdout.write(f"{write_beta()}\n")
        case _:
            sys.exit("usage: python -m newer raise|beta")


if __name__ == "__main__":
    main()
