"""All that can be said is said somewhere; what is said, and when, is tested where it is asked."""

from pathlib import Path
import re

import pytest

from custom_components.feishu_freebusy.assist import answers
from tests.test_translations import TEXTS


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_no_text_is_left_unsaid(language: str) -> None:
    source = Path(answers.__file__).read_text(encoding="utf-8")
    said = set(re.findall(r'"(\w+)"', source)) | {f"month_{month}" for month in range(1, 13)}
    said |= {f"{state}_until" for state in re.findall(r'_until\("(\w+)"', source)}

    assert set(TEXTS[language]["common"]) - said == set()
