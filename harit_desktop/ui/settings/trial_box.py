"""A Test button and what it found, one line a step, for settings that are not in force yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.settings import check_texts
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import number

if TYPE_CHECKING:
    from harit_desktop.runtime.probing import Probe, StepResult

AskProbe = Callable[[Mapping[str, Any], str | None], "Probe"]


class TrialBox(QObject):
    """`settings.<page>.test` tries what the page shows; `settings.<page>.test.result`
    (property `ok`) says step by step what came of it."""

    def __init__(self, view: PageView, ask: AskProbe | None, title: str) -> None:
        super().__init__(view)
        self._view = view
        self._ask = ask
        self._title = title
        self._probe: Probe | None = None
        self._began_s = 0.0
        self._tried: dict[str, Any] = {}
        name = f"settings.{view.page.name}.test"
        self.test = button(name, title)
        self.test.clicked.connect(self._press)
        self.test.setEnabled(ask is not None)
        self.result = sentences(f"{name}.result", "dense")
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
        if self._probe is None and self._tried != self._view.values():
            self._tried = {}
            self._say(self.tr("Tries what is entered here. Nothing is stored by a test."), None)

    def poll(self) -> None:
        """Shows the steps as they are done; called by the frame clock."""
        probe = self._probe
        if probe is None:
            return
        done = probe.done
        lines = [line for line in map(self._line, probe.results) if line]
        if not done:
            self._say("\n".join([*lines, check_texts.under_way(probe.step)]), None)
            return
        self._end()
        problems = [result.problem for result in probe.results if result.problem is not None]
        ok = bool(probe.results) and all(p.code in check_texts.HARMLESS for p in problems)
        if ok:
            seconds = number(time.monotonic() - self._began_s, 1)
            lines.append(self.tr("All is well, after {seconds} s.").format(seconds=seconds))
        self._say("\n".join(lines), ok)

    def stop(self) -> None:
        """Ends a test under way with the dialog."""
        if self._probe is not None:
            self._probe.cancel()
            self._end()

    def _line(self, result: StepResult) -> str:
        if result.problem is not None:
            text = check_texts.finding(result.problem)
            mild = result.problem.code in check_texts.HARMLESS
            template = self.tr("• {text}") if mild else self.tr("▲ {text}")
            return template.format(text=text)
        if result.facts is None:
            return ""
        line = self.tr("✓ {text}").format(text=check_texts.passed(result.step, result.facts))
        warning = check_texts.warning(result.step, result.facts)
        return "\n".join([line, self.tr("▲ {text}").format(text=warning)]) if warning else line

    def _press(self) -> None:
        if self._probe is not None:
            self.stop()
            self._say(self.tr("The test was stopped."), None)
            return
        self._view.check()
        wrong = [key for key in self._view.problems if key in self._view.fields]
        if wrong or self._ask is None:
            for key in wrong[:1]:
                self._view.fields[key].setFocus()
            return
        self._tried = self._view.values()
        secrets = [value for key, value in self._tried.items() if key in SECRET_KEYS]
        changes = {key: value for key, value in self._tried.items() if key not in SECRET_KEYS}
        self._began_s = time.monotonic()
        self._probe = self._ask(changes, next(iter(secrets), None) or None)
        self.test.setText(self.tr("Stop"))
        self._say(check_texts.under_way(""), None)

    def _end(self) -> None:
        self._probe = None
        self.test.setText(self._title)

    def _say(self, text: str, ok: bool | None) -> None:
        if text == self.result.text() and ok == self.result.property("ok"):
            return
        self.result.setText(text)
        self.result.setAccessibleName(text)
        self.result.setProperty("ok", ok)
        set_look(self.result, severity={True: "ok", False: "crit", None: ""}[ok])
