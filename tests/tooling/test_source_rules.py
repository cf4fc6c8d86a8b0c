"""House rules that no linter checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("harit_desktop", "build_scripts", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)
SUPPRESSION = re.compile(r"#\s*(type: ignore|noqa)(?P<rest>.*)$")
REASONED = re.compile(r"^(\[[\w, -]+\]|: ?[A-Z]+\d+(, ?[A-Z]+\d+)*)\s*(#|-|\()\s*\w.{3,}")


@pytest.mark.parametrize(
    "line",
    [
        "[arg-type]  # the stub lacks it",
        ": BLE001 - the hook must not raise",
        ": E402 (path first)",
    ],
)
def test_a_reason_is_recognised(line: str) -> None:
    assert REASONED.match(line)


@pytest.mark.parametrize("line", ["", "[arg-type]", ": BLE001", ": BLE001 -"])
def test_a_missing_reason_is_recognised(line: str) -> None:
    assert not REASONED.match(line)


def test_every_suppressed_check_says_why() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (match := SUPPRESSION.search(line)) and not REASONED.match(match["rest"])
    ]
    assert bare == []
