"""What the page of the API shows beside its settings: the test, which asks once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.errors import Problem
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import age_text, count, seconds_between

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle

URL, TOKEN = "api.url", "api.token"
TEST_LIMIT_S = 10.0
"""An answer that takes longer is no use to who waits for it."""

AskApi = Callable[[Mapping[str, Any], str | None], "QueryHandle[ApiTest]"]


class ApiExtras(QObject):
    """`settings.api.test` asks the API with what the page shows, applied or not;
    `settings.api.test.result` (property `ok`) says what came of it."""

    def __init__(self, view: PageView, ask: AskApi | None) -> None:
        super().__init__(view)
        self._view = view
        self._ask = ask
        self._asked: QueryHandle[ApiTest] | None = None
        self._asked_s = 0.0
        self._tried: dict[str, Any] = {}
        self.test = button("settings.api.test", self.tr("Test the API"))
        self.test.clicked.connect(self._press)
        self.result = sentences("settings.api.test.result", "dense")
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box = QFrame()
        set_look(box, class_="inset")
        row = QHBoxLayout(box)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(self.test, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.result, 1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(box)
        view.bottom.addLayout(column)
        self.update()

    def update(self) -> None:
        """Takes what the page shows now: a result counts for what was tried only."""
        url = self._view.fields[URL].value()[0]
        self.test.setEnabled(self._ask is not None and (bool(url) or self._asked is not None))
        if self._asked is None and self._tried != self._shown():
            self._say(self.tr("Nothing is stored or sent by a test."), None)

    def poll(self) -> None:
        """Takes the answer once it is there; gives up on one that is too late."""
        if self._asked is None:
            return
        if self._asked.done:
            answer, problem = self._asked.value, self._asked.problem
            self._end()
            self._show(answer, problem)
        elif time.monotonic() - self._asked_s > TEST_LIMIT_S:
            self._asked.cancel()
            self._end()
            limit = f"{TEST_LIMIT_S:.0f}"
            text = self.tr("▲ No answer within {seconds} s. Check the address and the network.")
            self._say(text.format(seconds=limit), False)

    def _shown(self) -> dict[str, Any]:
        return self._view.values()

    def _press(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._end()
            self._say(self.tr("The test was stopped."), None)
            return
        self._view.check()
        wrong = [key for key in self._view.problems if key in self._view.fields]
        if wrong or self._ask is None:
            for key in wrong[:1]:
                self._view.fields[key].setFocus()
            return
        self._tried = self._shown()
        changes = {key: value for key, value in self._tried.items() if key != TOKEN}
        self._asked = self._ask(changes, self._tried[TOKEN] or None)
        self._asked_s = time.monotonic()
        self.test.setText(self.tr("Stop"))
        self._say(self.tr("Asking the API…"), None)

    def _end(self) -> None:
        self._asked = None
        self.test.setText(self.tr("Test the API"))

    def _show(self, answer: ApiTest | None, problem: Problem | None) -> None:
        if answer is not None and answer.ok:
            self._say(self._found(answer), True)
            return
        failed = (answer.problem if answer is not None else None) or problem
        if failed is None:
            self._say(self.tr("The test was stopped."), None)
            return
        text = self.tr("▲ {problem}").format(problem=problem_text(failed).sentences)
        self._say(text, False)

    def _found(self, answer: ApiTest) -> str:
        """What a working API said of itself."""
        parts = [self.tr("The API answers after {ms} ms.").format(ms=count(answer.milliseconds))]
        if answer.readings == 0:
            parts.append(self.tr("It holds no readings yet."))
        elif answer.readings is not None:
            template = self.tr("It holds {count} readings.")
            if answer.readings == 1:
                template = self.tr("It holds 1 reading.")
            parts.append(template.format(count=count(answer.readings)))
        if answer.newest_us is not None:
            age = age_text(seconds_between(answer.newest_us, time.time_ns() // 1000))
            parts.append(self.tr("The newest is from {age}.").format(age=age))
        return " ".join(parts)

    def _say(self, text: str, ok: bool | None) -> None:
        self.result.setText(text)
        self.result.setAccessibleName(text)
        self.result.setProperty("ok", ok)
        look = {True: "ok", False: "crit", None: ""}[ok]
        set_look(self.result, severity=look)
