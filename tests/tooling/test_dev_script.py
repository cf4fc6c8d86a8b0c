"""dev.py from the outside: what it answers before it sets anything up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEV = ROOT / "build_scripts" / "dev.py"


def dev(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, str(DEV), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command() -> None:
    done = dev("--help")
    assert done.returncode == 0
    for command in ("run", "test", "lint", "lock", "package"):
        assert re.search(rf"^  {command}\b", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["rnu"]])
def test_usage_errors_exit_2(arguments: list[str]) -> None:
    assert dev(*arguments).returncode == 2


def test_an_old_python_gets_one_clear_line() -> None:
    check = DEV.read_text(encoding="utf-8").partition("from dev_tools")[0]
    old = "import sys; sys.version_info = (3, 8, 10)\n"
    done = subprocess.run(
        [sys.executable, "-c", old + check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.8" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(DEV.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_way_to_a_start_imports_nothing_heavy() -> None:
    heavy = {"subprocess", "shutil", "argparse", "tomllib", "logging", "venv", "asyncio", "ctypes"}
    probe = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.insert(0, {str(DEV.parent)!r})\n"
        "from dev_tools.commands import main\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe], capture_output=True, text=True, check=True
    )
    assert not heavy & set(done.stdout.split())
