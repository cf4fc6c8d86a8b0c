from __future__ import annotations

import pytest

from harit_desktop.cli.arguments import parse
from harit_desktop.cli.display import display_problem


@pytest.mark.parametrize(
    "argv",
    [
        ["--nonsense"],
        ["dance"],
        ["--status-json"],
        ["--screenshot", "a.png", "--headless"],
        ["--screenshot", "a.png", "--size", "tall"],
        ["--screenshot", "a.png", "--size", "10x10"],
        ["--view", "stars"],
        ["publish", "--count", "0"],
        ["publish", "--count", "many"],
        ["publish", "--interval", "-1"],
        ["publish", "--interval", "nan"],
        ["--headless", "publish"],
        ["export"],
        ["export", "--out", "a", "--device", "\udcff"],
        ["export", "--out", "a", "--format", "exe"],
    ],
)
def test_a_usage_error_is_one_line_and_code_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(argv)
    assert raised.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("harit-desktop")


@pytest.mark.parametrize(
    "argv",
    [
        ["--data-dir", "/d", "--set", "a=1", "publish", "--count", "3"],
        ["publish", "--data-dir", "/d", "--count", "3", "--set", "a=1"],
    ],
)
def test_common_options_stand_before_or_after_the_command(argv: list[str]) -> None:
    options = parse(argv)
    assert (str(options.data_dir), options.assignments, options.count) == ("/d", ["a=1"], 3)


def test_without_arguments_the_window_is_asked_for() -> None:
    options = parse([])
    assert options.command is None
    assert options.data_dir is None
    assert not options.headless


@pytest.mark.parametrize("display", ["", ":98765", "localhost:59999"])
def test_a_display_that_does_not_answer_is_noticed(display: str) -> None:
    assert display_problem({"DISPLAY": display} if display else {}) is not None


def test_settings_before_and_after_a_command_both_hold() -> None:
    options = parse(["--set", "a=1", "publish", "--set", "b=2", "--set", "a=3"])
    assert options.assignments == ["a=1", "b=2", "a=3"]
