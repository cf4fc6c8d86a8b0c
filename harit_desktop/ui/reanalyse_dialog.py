"""The dialog behind Re-analyse…: judging stored readings again, because a person asks for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.device_names import device_label
from harit_desktop.ui.dialog_parts import moment_us, say, sentences
from harit_desktop.ui.moment_edit import MomentEdit
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.reanalyse_texts import result_text
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import profile_name

if TYPE_CHECKING:
    from harit_desktop.domain.errors import Problem
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

_SIZE_PX = (600, 400)
_WEEK, _MONTH, _ALL, _CUSTOM = range(4)
_NAMES = {_WEEK: "week", _MONTH: "month", _ALL: "all", _CUSTOM: "custom"}
_DAYS = {_WEEK: 7, _MONTH: 30}
_MINUTE_US = 60_000_000
SERVER = "server."


class ReanalyseDialog(QDialog):
    """Asks which readings, shows how far the engine is, and says what became of it.

    Closing the dialog, or Cancel, ends a run; what was judged until then stays so.
    """

    def __init__(
        self, engine: Engine, publisher_id: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._running: QueryHandle[ReanalysisResult] | None = None
        self._profile = ""
        self._finished = False
        now_us = time.time_ns() // 1000
        self.setObjectName("dialog.reanalyse")
        self.setWindowTitle(self.tr("Re-analyse stored readings"))
        self.setAccessibleName(self.tr("Re-analyse stored readings"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.devices = QComboBox()
        self.range = QButtonGroup(self)
        self.from_edit = MomentEdit("dialog.reanalyse.from", now_us - 7 * US_PER_DAY)
        self.to_edit = MomentEdit("dialog.reanalyse.to", now_us)
        self.mistake = sentences("dialog.reanalyse.mistake", "dense", "crit")
        self._with = sentences("dialog.reanalyse.with")
        self.progress = QProgressBar()
        self.outcome = sentences("dialog.reanalyse.result")
        self._cancel = dialog_parts.button("dialog.reanalyse.cancel")
        self.start = QPushButton(self.tr("Re-analyse"))
        self._fields = QWidget()
        self._build()
        self.choose_device(publisher_id)
        self._show_state()
        self.poll()

    def poll(self) -> None:
        """Takes progress, the result, and a changed profile; called by the frame clock."""
        profile = self._engine.judgement.profile
        if profile != self._profile:
            self._profile = profile
            self._show_profile()
        if self._running is None:
            return
        self.progress.setValue(round(self._running.progress * 100))
        if self._running.done:
            handle, self._running = self._running, None
            self._finish(handle)

    def done(self, result: int) -> None:
        """Ends a run with the dialog."""
        if self._running is not None:
            self._running.cancel()
        super().done(result)

    def choose_device(self, publisher_id: str | None) -> None:
        """Chooses one device, or all of them; a run that goes on keeps its own choice."""
        place = self.devices.findData(publisher_id) if publisher_id else 0
        if self._running is None and place >= 0:
            self.devices.setCurrentIndex(place)

    def request(self) -> ReanalysisRequest:
        """What the fields ask for."""
        from_us, to_us = self._bounds()
        return ReanalysisRequest(from_us, to_us, self.devices.currentData() or None)

    # -- the work ----------------------------------------------------------------------

    def _bounds(self) -> tuple[int | None, int | None]:
        chosen = self.range.checkedId()
        if chosen in _DAYS:
            return time.time_ns() // 1000 - _DAYS[chosen] * US_PER_DAY, None
        if chosen == _ALL:
            return None, None
        # The minute that is shown belongs to the range.
        return moment_us(self.from_edit), moment_us(self.to_edit) + _MINUTE_US - 1

    def _is_reversed(self) -> bool:
        from_us, to_us = self._bounds()
        return from_us is not None and to_us is not None and from_us > to_us

    def _start(self) -> None:
        if self._is_reversed():
            return
        self.progress.setValue(0)
        self._finished = False
        say(self.outcome, "")
        self._running = self._engine.jobs.reanalyse(self.request())
        self._show_state()
        self._cancel.setFocus()

    def _finish(self, handle: QueryHandle[ReanalysisResult]) -> None:
        if handle.problem is not None and not handle.token.cancelled:
            self._say_problem(handle.problem)
        elif handle.value is None or handle.token.cancelled:
            say(
                self.outcome,
                self.tr(
                    "Cancelled. Readings that were judged again until then keep the new index; "
                    "run it again for the rest."
                ),
                "info",
            )
        else:
            self._finished = True
            say(self.outcome, result_text(handle.value), "ok")
        self._show_state()
        self._cancel.setFocus()

    def _say_problem(self, problem: Problem) -> None:
        if problem.code.startswith(SERVER):
            # What the banner says of it is about new readings, not about these.
            text = self.tr(
                "The database server does not answer. Readings that were judged again until then "
                "keep the new index; try again when it is back."
            )
            say(self.outcome, text, "crit")
        else:
            say(self.outcome, problem_text(problem).sentences, "crit")

    def _show_profile(self) -> None:
        text = self.tr(
            "Judged with {profile}, the profile in the settings, with their meaning of the "
            "channels and the calibrations that held at the time of each reading."
        ).format(profile=profile_name(self._profile))
        say(self._with, text)

    def _show_state(self, *_: object) -> None:
        """Which parts can be used now."""
        running = self._running is not None
        text = self.tr("▲ The end lies before the beginning.") if self._is_reversed() else ""
        say(self.mistake, text, "crit")
        for edit in (self.from_edit, self.to_edit):
            set_look(edit, invalid="true" if text else "false")
            edit.setAccessibleDescription(text)
        self._fields.setEnabled(not running)
        self.progress.setVisible(running)
        self.start.setEnabled(not running and not text)
        self.start.setDefault(not self._finished)
        self._cancel.setDefault(self._finished)
        self._cancel.setText(self.tr("Cancel") if running else self.tr("Close"))

    def _cancel_or_close(self) -> None:
        if self._running is None:
            self.reject()
            return
        self._running.cancel()
        self._cancel.setText(self.tr("Cancelling…"))

    def _follow(self, *_: object) -> None:
        """Another range is another question: Enter asks it, and the old answer goes."""
        self._finished = False
        say(self.outcome, "")
        self._show_state()

    def _choose_custom(self) -> None:
        self._button(_CUSTOM).setChecked(True)
        self._follow()

    def _button(self, number: int) -> QRadioButton:
        found = self.range.button(number)
        assert isinstance(found, QRadioButton)
        return found

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self._make_devices()
        stays = sentences("dialog.reanalyse.stays", "muted")
        stays.setText(
            self.tr(
                "Index, status, critical factors and the name of the profile are replaced. The "
                "values as they were sent and their quality flags stay. Recording goes on "
                "meanwhile."
            )
        )
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        grid.addWidget(dialog_parts.title_of(self.devices, self.tr("Devices")), 0, 0)
        grid.addWidget(self.devices, 0, 1, dialog_parts.LEFT)
        title = QLabel(self.tr("Readings of"))
        title.setContentsMargins(0, 4, 0, 0)
        set_look(title, class_="muted")
        grid.addWidget(title, 1, 0, dialog_parts.TOP)
        grid.addLayout(self._range_rows(), 1, 1)
        self.progress.setObjectName("dialog.reanalyse.progress")
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        body, inside = dialog_parts.body()
        for widget in (self._fields, self.mistake, self._with, stays):
            inside.addWidget(widget)
        inside.addStretch(1)
        inside.addWidget(self.progress)
        inside.addWidget(self.outcome)
        self.outcome.hide()
        column = dialog_parts.edge_to_edge(self)
        column.addWidget(body, 1)
        column.addWidget(self._make_footer())

    def _make_devices(self) -> None:
        self.devices.setObjectName("dialog.reanalyse.devices")
        self.devices.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.devices.currentIndexChanged.connect(self._follow)
        self.devices.addItem(self.tr("All devices"), "")
        book = self._engine.book
        known = {device.publisher_id for device in self._engine.live.devices()} | set(book.records)
        for publisher_id in sorted(known):
            self.devices.addItem(device_label(book, publisher_id), publisher_id)

    def _range_rows(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(4)
        texts = {
            _WEEK: self.tr("The last 7 days"),
            _MONTH: self.tr("The last 30 days"),
            _ALL: self.tr("All stored readings"),
            _CUSTOM: self.tr("From"),
        }
        custom = QHBoxLayout()
        custom.setSpacing(8)
        for number, text in texts.items():
            button = QRadioButton(text)
            button.setObjectName(f"dialog.reanalyse.range.{_NAMES[number]}")
            self.range.addButton(button, number)
            if number == _CUSTOM:
                custom.addWidget(button)
            else:
                column.addWidget(button)
        self.from_edit.setAccessibleName(self.tr("From"))
        self.to_edit.setAccessibleName(self.tr("To"))
        custom.addWidget(self.from_edit)
        custom.addWidget(QLabel(self.tr("to")))
        custom.addWidget(self.to_edit)
        custom.addStretch(1)
        column.addLayout(custom)
        self._button(_WEEK).setChecked(True)
        self.range.idToggled.connect(self._follow)
        for edit in (self.from_edit, self.to_edit):
            edit.dateTimeChanged.connect(self._choose_custom)
        return column

    def _make_footer(self) -> QFrame:
        self._cancel.clicked.connect(self._cancel_or_close)
        self.start.setObjectName("dialog.reanalyse.start")
        self.start.clicked.connect(self._start)
        return dialog_parts.footer(None, self._cancel, self.start)
