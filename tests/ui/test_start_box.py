"""A start that fails is said in a box where somebody can see it, and never waits elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from harit_desktop.cli.arguments import parse
from harit_desktop.cli.main import run
from harit_desktop.cli.texts import sentence
from harit_desktop.cli.window import run_window
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.ui.start_box import make_box, start_text
from tests.displays import VirtualDisplay

UNUSABLE = Problem("data_dir.unusable", {"path": "/x/<b>farm</b>", "reason": "Read-only"})
NEEDED = ("Xvfb", "openbox", "xdotool")


def blocked(folder: Path) -> Path:
    """A data folder that cannot be made, whoever runs the test."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("in the way")
    return folder / "file" / "data"


def closed_by_a_key(program: subprocess.Popen[str], environment: dict[str, str]) -> bool:
    """Presses Return at the box until the program ends; whether there was a box."""
    search = ["xdotool", "search", "--onlyvisible", "--name", "cannot start"]
    seen = False
    for _ in range(200):
        if program.poll() is not None:
            break
        found = subprocess.run(search, env=environment, capture_output=True, text=True)
        if found.returncode == 0:
            seen = True
            # It fails where the box goes while the key is being pressed.
            press = ["xdotool", "windowfocus", found.stdout.split()[0], "key", "Return"]
            subprocess.run(press, env=environment, capture_output=True, check=False)
        time.sleep(0.1)
    return seen


def test_the_box_says_the_sentence_as_plain_text(qtbot: QtBot) -> None:
    box = make_box(UNUSABLE, sentence(UNUSABLE))
    qtbot.addWidget(box)
    assert box.textFormat() is Qt.TextFormat.PlainText
    assert "/x/<b>farm</b> cannot be used: Read-only" in box.text()


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("data_dir.in_use", {"path": "/x"}),
        ("settings.bad_value", {"key": "broker.port", "value": "x", "reason": "no number"}),
        ("settings.unknown_key", {"key": "a.b"}),
        ("settings.secret_key", {"key": "broker.password", "variable": "HARIT_BROKER__PASSWORD"}),
    ],
)
def test_codes_of_a_start_have_words_of_the_window(code: str, params: dict[str, str]) -> None:
    said = start_text(Problem(code, params), "")
    assert said.endswith(".")
    assert all(value in said for value in params.values())


def test_what_has_no_words_of_its_own_is_said_as_on_the_terminal() -> None:
    assert start_text(Problem("new.code"), "what stderr says") == "what stderr says"
    assert start_text(Problem("data_dir.in_use"), "what stderr says") == "what stderr says"


def test_nothing_waits_where_nobody_sees_it(
    qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(blocked(tmp_path))
    assert run(["--data-dir", folder]) == 1
    assert capsys.readouterr().err.count(f"the data folder {folder} cannot be used") == 1
    assert run(["--data-dir", str(tmp_path / "d"), "--set", "broker.port=x"]) == 2


def test_a_screenshot_shows_no_box(tmp_path: Path) -> None:
    folder = str(blocked(tmp_path))
    options = parse(["--data-dir", folder, "--screenshot", str(tmp_path / "a.png")])
    with pytest.raises(KnownError):
        run_window(options)


@pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)), reason="needs a virtual display and keys for it"
)
def test_on_a_display_the_box_stays_until_it_is_closed(tmp_path: Path) -> None:
    with VirtualDisplay() as display:
        environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
        environment |= {"DISPLAY": display.name}
        command = [sys.executable, "-m", "harit_desktop", "--data-dir", str(blocked(tmp_path))]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        ) as program:
            try:
                assert closed_by_a_key(program, environment)
                _, said = program.communicate(timeout=30)
            finally:
                program.kill()
    assert program.returncode == 1
    assert "cannot be used" in said
