"""A Test button and what it found, one line a step, for settings that are not in force yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.ui.dialog_parts import button, say, sentences
from harit_desktop.ui.settings import check_texts
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.test_report import report_text
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import number

if TYPE_CHECKING:
    from harit_desktop.runtime.probing import Probe, StepResult

_Line = tuple[str, str]
"""A text and its severity, "" for none."""

AskProbe = Callable[..., "Probe"]
"""Called with the changed settings and the typed secrets, each by key; with `listen` true
where the person allowed to hear everything."""


class TrialBox(QObject):
    """`settings.<page>.test` tries what the page shows; `settings.<page>.test.result`
    (property `ok`) says step by step what came of it, and `settings.<page>.test.copy` copies
    that. With `consent` there is a box, `settings.<page>.test.listen`, to tick for more."""

    def __init__(self, view: PageView, ask: AskProbe | None, title: str, consent: str = "") -> None:
        super().__init__(view)
        self._view = view
        self._ask = ask
        self._title = title
        self._probe: Probe | None = None
        self._began_s = 0.0
        self._tried: dict[str, Any] = {}
        self._secrets: dict[str, str] = {}
        self._box = QFrame()
        self._name = f"settings.{view.page.name}.test"
        self.test = button(self._name, title)
        self.test.clicked.connect(self._press)
        self.test.setEnabled(ask is not None)
        self.copy = button(f"{self._name}.copy", self.tr("Copy report"))
        self.copy.setToolTip(self.tr("All that is said here, without passwords"))
        self.copy.clicked.connect(self._copy)
        self.copy.hide()
        self.listen = self._consent_box(consent) if consent else None
        self.result = _Findings(f"{self._name}.result")
        self._lay_out()
        self.update()

    @property
    def running(self) -> bool:
        """Whether a test is under way, which `poll` has to follow."""
        return self._probe is not None

    def update(self) -> None:
        """Takes what the page shows now: a result counts for what was tried only."""
        if self._probe is None and self._tried != self._view.values():
            self._tried, self._secrets = {}, {}
            self.copy.hide()
            self._say(self.tr("Tries what is entered here. Nothing is stored by a test."), None)

    def poll(self) -> None:
        """Shows the steps as they are done; called by the frame clock."""
        probe = self._probe
        if probe is None:
            return
        done = probe.done
        lines = [line for result in probe.results for line in self._lines(result)]
        if not done:
            self._show([*lines, (check_texts.under_way(probe.step), "")], None)
            return
        self._end()
        problems = [result.problem for result in probe.results if result.problem is not None]
        ok = bool(probe.results) and all(p.code in check_texts.HARMLESS for p in problems)
        if ok:
            seconds = number(time.monotonic() - self._began_s, 1)
            well = self.tr("All is well, after {seconds} s.").format(seconds=seconds)
            lines.append((well, "ok"))
        self._show(lines, ok)
        self.copy.show()
        self._come_into_view()

    def stop(self) -> None:
        """Ends a test under way with the dialog."""
        if self._probe is not None:
            self._probe.cancel()
            self._end()

    def _consent_box(self, consent: str) -> QCheckBox:
        box = QCheckBox(consent)
        box.setObjectName(f"{self._name}.listen")
        box.setToolTip(
            self.tr(
                "Hears every message on the broker for some seconds and lists the topics, "
                "never what the messages say. Ask the broker's owner first."
            )
        )
        return box

    def _lay_out(self) -> None:
        box = self._box
        set_look(box, class_="inset")
        buttons = QVBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.test)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        said = QVBoxLayout()
        said.setSpacing(8)
        if self.listen is not None:
            said.addWidget(self.listen)
        said.addWidget(self.result, 1)
        row = QHBoxLayout(box)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        row.addLayout(buttons)
        row.addLayout(said, 1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(box)
        self._view.bottom.addLayout(column)

    def _lines(self, result: StepResult) -> list[_Line]:
        """What a step found: each line has its own colour, as one failure is not all."""
        if result.problem is not None:
            text = check_texts.finding(result.problem)
            mild = result.problem.code in check_texts.HARMLESS
            template = self.tr("• {text}") if mild else self.tr("▲ {text}")
            return [(template.format(text=text), "" if mild else "crit")]
        if result.facts is None:
            return []
        passed = check_texts.passed(result.step, result.facts)
        lines = [(self.tr("✓ {text}").format(text=passed), "ok")]
        warning = check_texts.warning(result.step, result.facts)
        if warning:
            lines.append((self.tr("▲ {text}").format(text=warning), "warn"))
        return lines

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
        self._secrets = {k: v for k, v in self._tried.items() if k in SECRET_KEYS and v}
        changes = {key: value for key, value in self._tried.items() if key not in SECRET_KEYS}
        self._began_s = time.monotonic()
        more = {"listen": True} if self.listen is not None and self.listen.isChecked() else {}
        self._probe = self._ask(changes, self._secrets, **more)
        self.test.setText(self.tr("Stop"))
        self.copy.hide()
        self._say(check_texts.under_way(""), None)
        self._come_into_view()

    def _copy(self) -> None:
        text = report_text(self._title, self._tried, self.result.text(), self._secrets)
        QGuiApplication.clipboard().setText(text)

    def _end(self) -> None:
        self._probe = None
        self.test.setText(self._title)

    def _come_into_view(self) -> None:
        """Scrolls to what was found, which takes more room than what stood there."""
        area: QWidget | None = self._box.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if isinstance(area, QScrollArea):
            # Its room is known once it has been laid out.
            QTimer.singleShot(0, self._box, partial(area.ensureWidgetVisible, self._box, 0, 8))

    def _say(self, text: str, ok: bool | None) -> None:
        self._show([(text, "")], ok)

    def _show(self, lines: Sequence[_Line], ok: bool | None) -> None:
        self.result.show_lines(lines)
        self.result.setProperty("ok", ok)


class _Findings(QWidget):
    """Lines below each other, each in the colour of its own severity."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._lines: list[_Line] = []
        self._labels: list[QLabel] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addStretch(1)

    def text(self) -> str:
        """All lines."""
        return "\n".join(text for text, _ in self._lines)

    def show_lines(self, lines: Sequence[_Line]) -> None:
        """Takes the place of what was shown before."""
        if list(lines) == self._lines:
            return
        self._lines = list(lines)
        while len(self._labels) < len(lines):
            label = sentences(f"{self.objectName()}.line{len(self._labels) + 1}", "dense")
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._column.insertWidget(len(self._labels), label)
            self._labels.append(label)
        for label, (text, severity) in zip(self._labels, lines, strict=False):
            say(label, text, severity)
        for label in self._labels[len(lines) :]:
            say(label, "")
        self.setAccessibleName(self.text())
