"""When a set-up is taken as it is, brought up to date, or made anew."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dev_tools import environment, setup
from dev_tools.environment import Environment

PYPROJECT = """\
[project]
dependencies = ["numpy>=2"]  # why

[dependency-groups]
dev = ["ruff"]

[tool.hatch.version]
path = "harit_desktop/__init__.py"

[tool.ruff]
line-length = 100
"""


@pytest.fixture
def complete(tmp_path: Path) -> Environment:
    """What a finished set-up leaves, without the packages."""
    made = Environment(str(tmp_path / "venv"), str(tmp_path / "lock.txt"), with_project=False)
    (tmp_path / "lock.txt").write_text("numpy==2.0 --hash=sha256:00\n")
    python = Path(made.python)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    config = Path(made.folder, "pyvenv.cfg")
    config.write_text(f"home = {Path(sys.executable).parent}\nversion = 3.11.7\n")
    environment.write_stamp(made)
    return made


def test_a_complete_set_up_is_current(complete: Environment) -> None:
    assert environment.is_current(complete)
    assert not environment.must_rebuild(complete)


def test_an_absent_one_is_made(tmp_path: Path, complete: Environment) -> None:
    absent = replace(complete, folder=str(tmp_path / "none"))
    assert not environment.is_current(absent)
    assert environment.must_rebuild(absent)


def test_a_changed_lock_updates(complete: Environment) -> None:
    Path(complete.lock_file).write_text("numpy==2.1 --hash=sha256:00\n")
    assert not environment.is_current(complete)
    assert not environment.must_rebuild(complete)


def test_an_unstamped_one_is_adopted(complete: Environment) -> None:
    Path(complete.stamp_file).unlink()
    assert not environment.is_current(complete)
    assert not environment.must_rebuild(complete)


def test_a_cut_off_set_up_is_made_anew(complete: Environment) -> None:
    Path(complete.unfinished_file).touch()
    assert not environment.is_current(complete)
    assert environment.must_rebuild(complete)


@pytest.mark.parametrize("loss", ["link", "home", "config"])
def test_a_lost_python_means_a_new_one(loss: str, complete: Environment, tmp_path: Path) -> None:
    config = Path(complete.folder, "pyvenv.cfg")
    if loss == "link":
        Path(complete.python).unlink()
        Path(complete.python).symlink_to(tmp_path / "gone")
    elif loss == "home":
        config.write_text(f"home = {tmp_path / 'gone'}\nversion = 3.11.7\n")
    else:
        config.unlink()
    assert not environment.is_current(complete)
    assert environment.must_rebuild(complete)


def test_a_moved_folder_means_a_new_one(complete: Environment) -> None:
    moved = replace(complete, folder=complete.folder + "-moved")
    Path(complete.folder).rename(moved.folder)
    assert not environment.is_current(moved)
    assert environment.must_rebuild(moved)


def test_an_unreadable_stamp_is_no_stamp(complete: Environment) -> None:
    Path(complete.stamp_file).write_text("half a li")
    assert environment.read_stamp(complete) is None
    assert not environment.is_current(complete)


def test_only_what_is_installed_counts(tmp_path: Path) -> None:
    (tmp_path / "harit_desktop").mkdir()
    version = tmp_path / "harit_desktop" / "__init__.py"
    project = tmp_path / "pyproject.toml"
    version.write_text('"""Words."""\n__version__ = "1.0"\n')
    project.write_text(PYPROJECT)
    before = environment.installed_parts(str(tmp_path))

    project.write_text(PYPROJECT.replace("100", "120").replace('"ruff"', '"ruff", "mypy"'))
    assert environment.installed_parts(str(tmp_path)) == before
    project.write_text(PYPROJECT.replace("numpy>=2", "numpy>=3"))
    assert environment.installed_parts(str(tmp_path)) != before
    project.write_text(PYPROJECT)
    version.write_text('"""Words."""\n__version__ = "1.1"\n')
    assert environment.installed_parts(str(tmp_path)) != before


def test_one_set_up_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "ROOT", str(tmp_path))
    with setup.setup_lock(), (tmp_path / "build" / "setup.lock").open("a+b") as second:
        assert not setup._try_lock(second.fileno())
    with (tmp_path / "build" / "setup.lock").open("a+b") as second:
        assert setup._try_lock(second.fileno())
