"""The dialog behind Calibration…: comparing one device's channels with the truth."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog, QFrame, QTabWidget, QWidget

from harit_desktop.domain.device_book import Calibration, DeviceBook
from harit_desktop.runtime.commands import AddCalibration, RemoveCalibration
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.calibration_form import CalibrationForm
from harit_desktop.ui.calibration_laboratory import LaboratoryForm
from harit_desktop.ui.calibration_moisture import MoistureForm
from harit_desktop.ui.calibration_table import CalibrationTable
from harit_desktop.ui.calibration_texts import dated_text
from harit_desktop.ui.device_names import device_label
from harit_desktop.ui.dialog_parts import say, sentences
from harit_desktop.ui.frame_clock import now_us
from harit_desktop.ui.theme import set_look

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

_SIZE_PX = (940, 640)
SLOW_S = 5.0
PRESENT_US = 120_000_000
"""What holds from so short a time ago has stored readings to judge again hardly ever."""


class CalibrationDialog(QDialog):
    """Two forms above the table of what holds. The engine stores what is entered; it stands
    in the table once it is stored."""

    reanalyse_asked = Signal(str)
    """The user wants stored readings of this device judged again."""

    def __init__(self, engine: Engine, publisher_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.publisher_id = publisher_id
        self._engine = engine
        self._book: DeviceBook | None = None
        self._second = 0
        self._waiting: tuple[Calibration, CalibrationForm, float] | None = None
        self.setObjectName("dialog.calibration")
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        volumetric = engine.settings.analysis.moisture_basis == "vwc"
        self.moisture = MoistureForm(publisher_id, volumetric)
        self.laboratory = LaboratoryForm(engine, publisher_id)
        self.tabs = QTabWidget()
        self.table = CalibrationTable()
        self.outcome = sentences("dialog.calibration.result", "dense")
        self.reanalyse = dialog_parts.button("dialog.calibration.reanalyse", self.tr("Re-analyse…"))
        self._build()
        self.poll()
        self.moisture.numbers["dry.probe"].setFocus()

    def poll(self) -> None:
        """Takes the book, the newest reading and a query's answer; called by the frame clock."""
        moment_us = now_us()
        if self._engine.book is not self._book:
            self._take_book(self._engine.book, moment_us)
        self.laboratory.poll()
        if self._waiting is not None and time.monotonic() - self._waiting[2] > SLOW_S:
            self._say_slow()
        if moment_us // 1_000_000 != self._second:
            self._second = moment_us // 1_000_000
            state = next(
                (d for d in self._engine.live.devices() if d.publisher_id == self.publisher_id),
                None,
            )
            for form in (self.moisture, self.laboratory):
                form.show_state(state, moment_us)
        # At last: what came may have made a text longer.
        self._fit_tabs()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tabs()

    def done(self, result: int) -> None:
        """Ends a running query with the dialog."""
        self.laboratory.end()
        super().done(result)

    # -- the work ----------------------------------------------------------------------

    def _take_book(self, book: DeviceBook, moment_us: int) -> None:
        self._book = book
        title = self.tr("Calibration: {device}").format(
            device=device_label(book, self.publisher_id)
        )
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.table.show_calibrations(self.publisher_id, book.calibrations, moment_us)
        for form in (self.moisture, self.laboratory):
            form.show_book(book)
        if self._waiting is not None:
            self._find_entered(book, *self._waiting)

    def _enter(self, calibration: Calibration, form: CalibrationForm) -> None:
        self._waiting = (calibration, form, time.monotonic())
        self.tabs.setEnabled(False)
        say(self.outcome, self.tr("Storing…"))
        self._engine.submit(AddCalibration(calibration))

    def _find_entered(
        self, book: DeviceBook, wanted: Calibration, form: CalibrationForm, _since: float
    ) -> None:
        """Whether what was entered is in the book now."""
        found = next((one for one in book.calibrations if _is_entry(one, wanted)), None)
        if found is None:
            return
        self._waiting = None
        self.tabs.setEnabled(True)
        form.clear()
        next(iter(form.numbers.values())).setFocus()
        self.table.choose(found.id)
        say(self.outcome, self._entered_text(wanted), "ok")

    def _entered_text(self, calibration: Calibration) -> str:
        if calibration.entered_us - calibration.at_us <= PRESENT_US:
            return self.tr("Entered. Readings from now on are judged with it as they come.")
        return self.tr(
            "Entered. Readings that come are judged with it. Those that are stored since {moment} "
            "keep their index until you judge them again: Re-analyse."
        ).format(moment=dated_text(calibration.at_us, now_us()))

    def _forget_outcome(self, *_: object) -> None:
        """What was said of the last entry is about neither another form nor a mistake."""
        if self._waiting is None:
            say(self.outcome, "")

    def _say_slow(self) -> None:
        """The fields come back, as they were: nothing that was typed is lost."""
        self._waiting = None
        self.tabs.setEnabled(True)
        say(
            self.outcome,
            self.tr(
                "It is not stored yet. The message line of the window says if the store has a "
                "problem; add it again when that is solved."
            ),
            "warn",
        )

    def _remove(self, calibration_id: int) -> None:
        say(self.outcome, "")
        self._engine.submit(RemoveCalibration(calibration_id))

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self.outcome.hide()
        self.tabs.setObjectName("dialog.calibration.tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.moisture, self.tr("Moisture, two points"))
        self.tabs.addTab(self.laboratory, self.tr("Laboratory values"))
        self.tabs.currentChanged.connect(self._choose_default)
        self.tabs.currentChanged.connect(self._forget_outcome)
        for form in (self.moisture, self.laboratory):
            form.refused.connect(self._forget_outcome)
            form.entered.connect(lambda calibration, form=form: self._enter(calibration, form))
        self.table.removal_asked.connect(self._remove)
        promise = sentences("dialog.calibration.promise", "dense muted")
        promise.setText(
            self.tr(
                "What is stored stays as the probe sent it. A calibration corrects what is judged "
                "and shown from its time on; only Re-analyse changes the index of readings that "
                "are stored already."
            )
        )
        heading = sentences("dialog.calibration.heading", "strong")
        heading.setText(self.tr("Entered for this device"))
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        set_look(line, class_="line")
        body, inside = dialog_parts.body()
        inside.setContentsMargins(20, 8, 20, 12)
        inside.addWidget(self.tabs)
        inside.addWidget(self.outcome)
        inside.addWidget(line)
        inside.addWidget(heading)
        inside.addWidget(self.table, 1)
        inside.addWidget(promise)
        column = dialog_parts.edge_to_edge(self)
        column.addWidget(body, 1)
        close = dialog_parts.button("dialog.calibration.close", self.tr("Close"))
        close.clicked.connect(self.reject)
        self.reanalyse.clicked.connect(lambda: self.reanalyse_asked.emit(self.publisher_id))
        column.addWidget(dialog_parts.footer(self.reanalyse, None, close))
        self._choose_default(0)

    def _fit_tabs(self) -> None:
        """As high as the higher form needs at this width: wrapped texts make a layout think
        that it can do with less, and the fields would lie upon each other."""
        width = self.tabs.width()
        forms = (form.layout() for form in (self.moisture, self.laboratory))
        needed = max(form.minimumHeightForWidth(width) for form in forms if form is not None)
        self.tabs.setFixedHeight(needed + self.tabs.tabBar().sizeHint().height() + 1)

    def _choose_default(self, place: int) -> None:
        """Enter adds what the form in view says."""
        self.moisture.add.setDefault(place == 0)
        self.laboratory.add.setDefault(place == 1)


def _is_entry(stored: Calibration, wanted: Calibration) -> bool:
    """Whether a stored calibration is the one that was entered, which had no id yet."""
    return (
        stored.publisher_id == wanted.publisher_id
        and stored.channel == wanted.channel
        and stored.at_us == wanted.at_us
        and stored.entered_us == wanted.entered_us
        and stored.points == wanted.points
    )
