"""Every threat of `docs/security.md` has tests, and every test named there exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LEAST_ROWS = 23
"""So many threats were thought of; a row that goes needs a reason, and this number a change."""


def rows() -> list[list[str]]:
    """The cells of the threat table, without its head."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    begin = lines.index("| threat | what holds | tests |") + 2
    found = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the test functions of a file, those in classes too."""
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, kinds) and is_test(n.name))


def is_test(name: str) -> bool:
    return name.startswith("test_")


def missing(text: str) -> list[str]:
    return [
        f"{path}::{name}"
        for path, name in NAMED.findall(text)
        if not (REPOSITORY / path).is_file() or name not in names_in(path)
    ]


def test_no_threat_was_forgotten() -> None:
    threats = [cells[0] for cells in rows()]
    assert len(threats) >= LEAST_ROWS
    assert len(set(threats)) == len(threats)


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0])
def test_each_threat_has_tests_that_exist(cells: list[str]) -> None:
    assert len(cells) == 3, cells
    assert cells[1]
    assert NAMED.findall(cells[2]), "no test is named"
    # Nothing else is in the last cell that could look like one.
    assert re.sub(r"[\s,]", "", NAMED.sub("", cells[2])) == ""


def test_every_named_test_exists() -> None:
    assert missing(DOCUMENT.read_text(encoding="utf-8")) == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    text = "`tests/tooling/test_threat_table.py::test_gone`, `tests/no/test_file.py::test_x`"
    assert len(missing(text)) == 2
    assert missing("`tests/tooling/test_threat_table.py::test_no_threat_was_forgotten`") == []
