"""docs/settings.md tells every setting, with the default that it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS, FieldSpec

TEXT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = {
    key: (default, values)
    for key, default, values in re.findall(r"^\| `([a-z0-9_.]+)` \| (.*?) \| (.*) \|$", TEXT, re.M)
}


def written(spec: FieldSpec) -> str:
    if spec.default is None:
        return "(automatic)"
    if isinstance(spec.default, bool):
        return str(spec.default).lower()
    if isinstance(spec.default, tuple):
        texts = [one for one in spec.default if isinstance(one, str)]
        if not spec.default:
            return "(empty)"
        return ", ".join(texts) if texts else f"({len(spec.default)} rules)"
    return str(spec.default) or "(empty)"


def test_every_setting_is_told_and_no_other() -> None:
    assert sorted(ROWS) == sorted(FIELD_SPECS)


@pytest.mark.parametrize("key", FIELD_SPECS)
def test_default_choices_and_range_are_those_of_the_program(key: str) -> None:
    spec = FIELD_SPECS[key]
    default, values = ROWS[key]
    assert default == written(spec)
    assert set(spec.choices) <= set(re.split(r"[,;] | ", values))
    if spec.kind in ("int", "float") and spec.maximum is not None:
        assert f"{spec.minimum:g} to {spec.maximum:g}" in values
        assert spec.unit in values


def test_every_secret_is_named() -> None:
    assert [key for key in SECRET_KEYS if f"`{key}`" not in TEXT] == []
