"""The locks install the same files everywhere and name no place to get them from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "build_scripts" / "locks"
NAMES = ("app.txt", "package.txt", "dev.txt")
REQUIREMENT = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[a-z0-9,-]+\])?==(?P<version>[\w.!+]+)( ;|$)")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def entries(name: str) -> list[list[str]]:
    """One list for each logical line of a lock: the requirement, then its options."""
    text = (LOCKS / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "\0")
    return [[part.strip() for part in line.split("\0")] for line in joined.splitlines() if line]


def versions(name: str) -> dict[str, str]:
    found = {}
    for requirement, *_ in entries(name):
        match = REQUIREMENT.match(requirement)
        assert match, requirement
        found[match["name"]] = match["version"]
    return found


def required(requirements: list[str]) -> set[str]:
    """The normalised names of some requirements."""
    names = [re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0] for requirement in requirements]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_a_pinned_requirement_with_hashes(name: str) -> None:
    for requirement, *options in entries(name):
        assert REQUIREMENT.match(requirement), requirement
        assert options, f"{requirement} has no hash"
        assert all(HASH.match(option) for option in options), requirement


@pytest.mark.parametrize("name", NAMES)
def test_no_index_and_no_path_is_named(name: str) -> None:
    text = (LOCKS / name).read_text(encoding="utf-8")
    assert not re.search(r"://|file:|--(extra-)?index|--find-links|^[-/]| @ ", text, re.MULTILINE)


def test_the_app_lock_holds_every_dependency(project: dict) -> None:
    wanted = required(project["project"]["dependencies"])
    assert wanted <= versions("app.txt").keys()


def test_the_dev_lock_holds_every_tool(project: dict) -> None:
    groups = project["dependency-groups"]
    listed = [item for group in groups.values() for item in group if isinstance(item, str)]
    assert required(listed) <= versions("dev.txt").keys()


def test_larger_locks_agree_with_smaller_ones() -> None:
    app, package, dev = (versions(name) for name in NAMES)
    assert app.items() <= package.items() <= dev.items()


def test_the_pinned_qt_is_one_that_works() -> None:
    qt = tuple(int(part) for part in versions("app.txt")["pyside6-essentials"].split("."))
    assert (6, 10, 3) <= qt < (6, 12)
