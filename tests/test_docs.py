"""The pages for contributors name files that exist."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "feishu_freebusy"
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / ".github" / "CONTRIBUTING.md",
    ROOT / ".github" / "SECURITY.md",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]*)+|\w+\.(?:py|md|json|txt))`", text))
    named |= set(re.findall(r"(?<![\w/.-])(scripts/[\w.-]*\w)", text))
    for name in sorted(named):
        # API methods of Feishu and requirements look like paths, too
        if "freebusy" in name or name.startswith("meeting_room/"):
            continue
        places = [folder / name for folder in (ROOT, COMPONENT, ROOT / "dev" / "requirements")]
        assert any(place.exists() for place in places), f"{page.name} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_architecture_page_names_every_wing() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    wings = {path.parent.name for path in COMPONENT.glob("*/__init__.py")}
    assert wings == set(re.findall(r"^\| `(\w+)/` \| .* \| .* \|$", text, re.MULTILINE))
