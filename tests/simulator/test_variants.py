"""The switches of the simulator's behavior."""

from typing import get_args, get_type_hints

import pytest

from simulator import Variants


def test_the_default_is_the_first_value() -> None:
    variants = Variants()
    for name, hint in get_type_hints(Variants).items():
        assert getattr(variants, name) == get_args(hint)[0]


@pytest.mark.parametrize(
    ("name", "value"), [("empty_list", "none"), ("wrong_secret_status", "200"), ("wrong_secret_status", 404), ("x", 1)]
)
def test_unknown_names_and_values_are_rejected(name: str, value: object) -> None:
    variants = Variants()
    with pytest.raises(ValueError, match=name):
        setattr(variants, name, value)
    assert variants == Variants()


def test_update_is_all_or_nothing() -> None:
    variants = Variants()
    variants.update({"empty_list": "null", "offset": "utc"})
    assert (variants.empty_list, variants.offset) == ("null", "utc")
    with pytest.raises(ValueError, match="clipping"):
        variants.update({"empty_list": "list", "clipping": "sometimes"})
    assert variants.empty_list == "null"
