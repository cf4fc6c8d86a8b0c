"""Runs the real program and lets a test drive its window by objectName.

Started as `python remote_control.py ARGS...`; ARGS are the program's own. Commands come
as JSON lines on stdin and are carried out by Qt on the main thread; answers go to the
descriptor named by REMOTE_CONTROL_FD. Nothing of the program is replaced.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QTableView, QWidget

from tests.end_to_end import spoken

EVERYTHING = Qt.FindChildOption.FindChildrenRecursively


class RemoteControl(QObject):
    def __init__(self, answers: int) -> None:
        super().__init__()
        self._answers = os.fdopen(answers, "w")
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_command)

    def _on_command(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self._notifier.setEnabled(False)
            return
        command = json.loads(line)
        try:
            answer: Any = getattr(self, "do_" + command.pop("do"))(**command)
        except (LookupError, RuntimeError, ValueError, TypeError) as error:
            answer = {"error": repr(error)}
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def _find(self, name: str) -> QObject:
        found = [
            child
            for window in QApplication.topLevelWidgets()
            for child in [window, *window.findChildren(QObject, name, EVERYTHING)]
            if child.objectName() == name
        ]
        shown = [c for c in found if isinstance(c, QWidget) and c.isVisible()]
        if not found:
            raise LookupError(name)
        return (shown or found)[0]

    def do_state(self, name: str) -> dict[str, Any]:
        item = self._find(name)
        state: dict[str, Any] = {"class": type(item).__name__}
        for key in item.dynamicPropertyNames():
            value = item.property(bytes(key.data()).decode())
            if isinstance(value, (str, int, float, bool)):
                state[bytes(key.data()).decode()] = value
        if isinstance(item, QWidget):
            state |= {
                "visible": item.isVisible(),
                "enabled": item.isEnabled(),
                "accessible_name": item.accessibleName(),
                "size": [item.width(), item.height()],
            }
        if isinstance(item, (QLabel, QAbstractButton, QAction)):
            state["text"] = item.text()
        if isinstance(item, QTableView):
            state["rows"] = item.model().rowCount()
        return state

    def do_click(self, name: str) -> dict[str, Any]:
        item = self._find(name)
        if isinstance(item, QAction):
            item.trigger()
            return {}
        assert isinstance(item, QWidget)
        if not (item.isVisible() and item.isEnabled()):
            raise RuntimeError(f"{name} cannot be clicked")
        QTest.mouseClick(item, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint())
        return {}

    def do_keys(self, name: str, sequence: str) -> dict[str, Any]:
        item = self._find(name)
        assert isinstance(item, QWidget)
        QTest.keySequence(item, QKeySequence(sequence))
        return {}

    def do_type(self, name: str, text: str) -> dict[str, Any]:
        item = self._find(name)
        assert isinstance(item, QWidget)
        item.setFocus()
        QTest.keyClicks(item, text)
        return {}

    def do_cell(self, name: str, row: int, column: int) -> dict[str, Any]:
        table = self._find(name)
        assert isinstance(table, QTableView)
        model = table.model()
        return {"text": model.data(model.index(row, column))}

    def do_resize(self, width: int, height: int) -> dict[str, Any]:
        window = self._find("window.main")
        assert isinstance(window, QWidget)
        window.resize(width, height)
        return {}

    def do_focus(self) -> dict[str, Any]:
        return spoken.focus()

    def do_modal(self) -> dict[str, Any]:
        return {"name": spoken.modal()}

    def do_find(self, **wanted: str) -> dict[str, Any]:
        return {"found": spoken.find(**wanted)}

    def do_act(self, **wanted: str) -> dict[str, Any]:
        return {"actions": spoken.act(**wanted)}

    def do_grab(self, file: str) -> dict[str, Any]:
        screen = QApplication.primaryScreen()
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        return {"saved": screen.grabWindow(0).save(file)}

    def do_close(self) -> dict[str, Any]:
        """As File > Quit: closing the window may ask whether to go on recording."""
        leave = self._find("action.file.quit")
        assert isinstance(leave, QAction)
        QTimer.singleShot(0, leave, leave.trigger)
        return {}


def main() -> int:
    control: list[RemoteControl] = []
    run_loop = QApplication.exec

    def exec_with_control(*_args: object) -> int:
        control.append(RemoteControl(int(os.environ["REMOTE_CONTROL_FD"])))
        return run_loop()

    QApplication.exec = exec_with_control  # type: ignore[method-assign]  # a hook
    from harit_desktop.__main__ import main as program

    return program()


if __name__ == "__main__":
    sys.exit(main())
