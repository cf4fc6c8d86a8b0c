"""Why the program cannot start, in a box of its own: there is no window yet to say it in.

Who starts the program by a click sees no terminal.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from harit_desktop.domain.errors import Problem
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import use_grouping

UNSEEN_PLATFORMS = ("offscreen", "minimal", "minimalegl", "vnc")
"""Platforms on which nobody could close a box."""

_CONTEXT = "Start"
_SENTENCES = {
    "data_dir.unusable": QT_TRANSLATE_NOOP(
        "Start",
        "The data folder {path} cannot be used: {reason}; choose another one with --data-dir.",
    ),
    "data_dir.in_use": QT_TRANSLATE_NOOP(
        "Start", "Harit Desktop already runs with the data folder {path}."
    ),
    "settings.bad_value": QT_TRANSLATE_NOOP(
        "Start", '"{value}" is not possible for the setting {key}: {reason}.'
    ),
    "settings.unknown_key": QT_TRANSLATE_NOOP("Start", 'There is no setting "{key}".'),
    "settings.bad_assignment": QT_TRANSLATE_NOOP("Start", '--set needs key=value, not "{text}".'),
    "settings.secret_key": QT_TRANSLATE_NOOP(
        "Start", "{key} is a secret and not for the command line; set {variable} instead."
    ),
}


def start_text(problem: Problem, sentence: str) -> str:
    """Why there is no start, in the user's language; `sentence` where that has no words."""
    source = _SENTENCES.get(problem.code)
    if source is None:
        return printable(sentence)
    params = {name: printable(str(value)) for name, value in problem.params.items()}
    try:
        return QCoreApplication.translate(_CONTEXT, source).format(**params)
    except KeyError:
        return printable(sentence)


def make_box(problem: Problem, sentence: str) -> QMessageBox:
    """The box, not shown yet. Texts from outside stay plain."""
    box = QMessageBox()
    box.setObjectName("box.start")
    box.setIcon(QMessageBox.Icon.Critical)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle(QCoreApplication.translate(_CONTEXT, "Harit Desktop cannot start"))
    box.setText(start_text(problem, sentence))
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setStandardButtons(QMessageBox.StandardButton.Ok)
    return box


def show_start_failure(problem: Problem, sentence: str) -> bool:
    """Shows the box until it is closed; False where nobody could see it."""
    QApplication.setDesktopFileName("harit-desktop")
    app = QApplication.instance() or QApplication([sys.argv[0]])
    app.setApplicationName("harit-desktop")
    if QApplication.platformName() in UNSEEN_PLATFORMS:
        return False
    use_grouping(QLocale.system())
    make_box(problem, sentence).exec()
    return True
