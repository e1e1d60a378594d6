"""Every translated phrase is used. The tests of the intents check the sentences."""

from pathlib import Path
import re

import pytest

from custom_components.feishu_freebusy.assist import phrases
from tests.test_translations import TEXTS


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_phrase_is_used(language: str) -> None:
    source = Path(phrases.__file__).read_text(encoding="utf-8")
    said = set(re.findall(r'"(\w+)"', source)) | {f"month_{month}" for month in range(1, 13)}
    states = [*re.findall(r'_(?:until|later)\("(\w+)"', source), *re.findall(r'"(\w*busy)"', source)]
    said |= {f"{state}_until" for state in states}

    assert set(TEXTS[language]["common"]) - said == set()
