"""When a plain start shows the demo instead of a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev_tools import launch
from harit_desktop.settings import paths


@pytest.mark.parametrize(
    ("variables", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_display(variables: dict[str, str], platform: str, expected: bool) -> None:
    assert launch.has_display(variables, platform) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (True, "")),
        (["--data-dir", "x"], (True, "x")),
        (["--data-dir=x"], (True, "x")),
        (["--data-dir"], (False, "")),
        (["--headless"], (False, "")),
        (["--data-dir", "x", "--headless"], (False, "")),
        (["export", "--out"], (False, "")),
    ],
)
def test_plain_start(arguments: list[str], expected: tuple[bool, str]) -> None:
    assert launch.plain_start(arguments) == expected


def test_demo_needs_an_empty_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    arguments = ["--data-dir", str(folder)]
    assert launch.starts_demo(arguments, {}, "linux")
    folder.mkdir()
    assert launch.starts_demo(arguments, {}, "linux")
    (folder / "settings.toml").touch()
    assert not launch.starts_demo(arguments, {}, "linux")


def test_demo_looks_into_the_default_folder(tmp_path: Path) -> None:
    variables = {"HARIT_DATA_DIR": str(tmp_path)}
    assert launch.starts_demo([], variables, "linux")
    (tmp_path / "harit.db").touch()
    assert not launch.starts_demo([], variables, "linux")


def test_no_demo_with_a_display_or_other_arguments(tmp_path: Path) -> None:
    variables = {"HARIT_DATA_DIR": str(tmp_path)}
    assert not launch.starts_demo([], variables | {"DISPLAY": ":0"}, "linux")
    assert not launch.starts_demo(["--headless"], variables, "linux")


@pytest.mark.skipif("sys.platform != 'linux'", reason="dev.py asks for the folder only there")
@pytest.mark.parametrize("data_home", [None, "", " ", "/srv/data"])
@pytest.mark.parametrize("chosen", [None, "", "/srv/harit"])
def test_default_data_dir_is_the_programs_own(
    monkeypatch: pytest.MonkeyPatch, data_home: str | None, chosen: str | None
) -> None:
    variables = {}
    for name, value in (("XDG_DATA_HOME", data_home), ("HARIT_DATA_DIR", chosen)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
            variables[name] = value
    assert Path(launch.default_data_dir(variables)) == paths.default_data_dir()
