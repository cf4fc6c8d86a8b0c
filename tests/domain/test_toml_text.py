"""TOML of any kind gives tables or one kind of fault."""

from __future__ import annotations

import pytest

from harit_desktop.domain.toml_text import MAX_DEPTH, TomlFault, toml_tree


def test_what_is_written_is_read() -> None:
    text = f"low = {-(2**63)}\nhigh = {2**63 - 1}\non = true\n[a.b]\nc = [[1], [2.5]]\n"
    assert toml_tree(text) == {
        "low": -(2**63),
        "high": 2**63 - 1,
        "on": True,
        "a": {"b": {"c": [[1], [2.5]]}},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = = 1", "line 1"),
        ("a = " + "9" * 5000, "64 bits"),
        ("a = 0x" + "f" * 5000, "64 bits"),
        (f"[a]\nb = [[{2**63}]]", "64 bits"),
        ("a = " + "[" * 5000, "deeply"),
        ("a" + ".a" * MAX_DEPTH + " = 1", "deeply"),
    ],
)
def test_what_cannot_be_worked_with_is_a_fault_that_says_why(text: str, said: str) -> None:
    with pytest.raises(TomlFault, match=said):
        toml_tree(text)
