"""Laboratory values: one channel of a soil sample, and what the probe said when it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import CALIBRATED_CHANNELS, Calibration, CalibrationKind
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.calibration_checks import Mistake, check_values, warn_apart
from harit_desktop.ui.calibration_form import CalibrationForm, fresh_value
from harit_desktop.ui.calibration_texts import (
    effect_text,
    missing_samples_text,
    precision_of,
    unit_of,
)
from harit_desktop.ui.dialog_parts import moment_us, say, sentences
from harit_desktop.ui.frame_clock import now_us
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_name, channel_value, clock_text, count

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

HALF_HOUR_US = 1800 * US_PER_S
KG_PER_HA = 2.24
"""kg/ha of one mg/kg in the 15 cm that a Soil Health Card speaks of."""
MAX_POINTS = 4000
LOOK_DELAY_MS = 300
_CHANNELS = CALIBRATED_CHANNELS[CalibrationKind.LABORATORY]
_PER_HA = ("N", "P", "K")


@dataclass(frozen=True)
class ProbeThen:
    """What a probe said in an hour: the median, and of how many readings; None of none.

    `readings` is None where the store gave means instead of single readings.
    """

    value: float | None
    readings: int | None


def probe_then(
    engine: Engine, publisher_id: str, channel: str, at_us: int, handle: QueryHandle[ProbeThen]
) -> ProbeThen:
    """The median of the hour around an instant, without impossible values. Blocks."""
    found = engine.history.series(
        publisher_id,
        at_us - HALF_HOUR_US,
        at_us + HALF_HOUR_US,
        MAX_POINTS,
        lambda: handle.token.cancelled,
    )
    place = CHANNEL_INDEX[channel]
    rows = zip(found.values[:, place].tolist(), found.flags[:, place].tolist(), strict=True)
    # Means leave impossible values out already, and bear the worst flag of their stretch.
    values = [v for v, flag in rows if v == v and (found.bucketed or flag != Flag.FAIL)]
    if not values:
        return ProbeThen(None, 0)
    return ProbeThen(median(values), None if found.bucketed else len(values))


class LaboratoryForm(CalibrationForm):
    """Channel, sample time, laboratory's value; the probe's value comes from the history
    until somebody types another."""

    def __init__(self, engine: Engine, publisher_id: str) -> None:
        self._engine = engine
        self._asked: QueryHandle[ProbeThen] | None = None
        self._typed = False
        self._state: DeviceState | None = None
        super().__init__(publisher_id, "laboratory")
        self.channel = QComboBox()
        self.unit = QComboBox()
        self.found = sentences("dialog.calibration.laboratory.found", "dense muted")
        self._hint = sentences("dialog.calibration.laboratory.hint", "dense muted")
        self.again = dialog_parts.button(
            "dialog.calibration.laboratory.again", self.tr("From the history")
        )
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOK_DELAY_MS)
        self._looking.timeout.connect(self.look)
        self._build()
        self._choose_channel()

    @property
    def chosen(self) -> str:
        return str(self.channel.currentData())

    def mistakes(self) -> list[Mistake]:
        values = {"true": self._laboratory_value(), "probe": self.numbers["probe"].value()}
        return check_values(self.chosen, values)

    def read(self) -> Calibration:
        point = (self.numbers["probe"].value() or 0.0, self._laboratory_value() or 0.0)
        return Calibration(
            publisher_id=self._publisher_id,
            channel=self.chosen,
            kind=CalibrationKind.LABORATORY,
            at_us=moment_us(self.at_edit),
            points=(point,),
            entered_us=now_us(),
            note=self.note_edit.text().strip(),
        )

    def describe(self, calibration: Calibration, corrections: Corrections) -> str:
        segment = corrections.segment(self._publisher_id, self.chosen, calibration.at_us)
        if segment is None:
            return ""
        gives = self.tr("Gives {effect}.").format(effect=effect_text(self.chosen, segment))
        would = ""
        if self._fresh is not None:
            would = self.tr("The present {raw} would be {corrected}.").format(
                raw=channel_value(self.chosen, self._fresh),
                corrected=channel_value(self.chosen, segment.corrected(self._fresh)),
            )
        return _sentences(gives, would, missing_samples_text(self.chosen, segment.pairs))

    def caution(self, calibration: Calibration) -> str:
        return warn_apart(self.chosen, *calibration.points[0])

    def show_state(self, state: DeviceState | None, moment_us: int) -> None:
        before, self._state = self._fresh, state
        self._fresh, _ = fresh_value(state, self.chosen, moment_us)
        if before != self._fresh:
            self._follow()

    def look(self) -> None:
        """Asks the store for the probe's value at the time of the sample."""
        self._looking.stop()
        channel, at_us, publisher_id = self.chosen, moment_us(self.at_edit), self._publisher_id
        say(self.found, self.tr("Looking for readings of that hour…"))
        self._asked = self._engine.queries.submit(
            "calibration.probe",
            lambda handle: probe_then(self._engine, publisher_id, channel, at_us, handle),
        )

    def poll(self) -> None:
        if self._asked is None or not self._asked.done:
            return
        handle, self._asked = self._asked, None
        if handle.problem is not None:
            say(self.found, problem_text(handle.problem).headline, "warn")
            return
        found = handle.value or ProbeThen(None, 0)
        say(self.found, self._found_text(found))
        if not self._typed:
            if found.value is None:
                self.numbers["probe"].clear()
            else:
                self.numbers["probe"].set_value(found.value, precision_of(self.chosen))
        self._show_again(found.value is not None)

    def end(self) -> None:
        """Gives up a query that still runs."""
        self._looking.stop()
        if self._asked is not None:
            self._asked.cancel()

    def clear(self) -> None:
        """Keeps the time and the note: a sample usually has more values than one."""
        self._typed = False
        self.numbers["true"].clear()
        self._show_mistakes([])
        self._follow()
        self.look()

    def _laboratory_value(self) -> float | None:
        """In the channel's own unit."""
        value = self.numbers["true"].value()
        if value is None or self.unit.currentData() != "kg/ha":
            return value
        return value / KG_PER_HA

    def _found_text(self, found: ProbeThen) -> str:
        at_us = moment_us(self.at_edit)
        until_us = max(at_us, min(at_us + HALF_HOUR_US, now_us()))
        hours = {"a": clock_text(at_us - HALF_HOUR_US), "b": clock_text(until_us)}
        if found.value is None:
            return self.tr(
                "No reading between {a} and {b} of that day: enter the probe's value yourself."
            ).format(**hours)
        if found.readings is None:
            return self.tr("Median of {a} to {b}.").format(**hours)
        if found.readings == 1:
            return self.tr("The only reading from {a} to {b}.").format(**hours)
        return self.tr("Median of {n} readings, {a} to {b}.").format(
            n=count(found.readings), **hours
        )

    def _show_again(self, there: bool) -> None:
        self.again.setVisible(self._typed and there)

    def _on_typed(self) -> None:
        self._typed = bool(self.numbers["probe"].text().strip())
        self._show_again(self._asked is None and self._typed)

    def _take_found(self) -> None:
        self._typed = False
        self._show_again(False)
        self.look()

    def _choose_channel(self) -> None:
        self._typed = False
        channel = self.chosen
        units = (unit_of(channel), "kg/ha") if channel in _PER_HA else (unit_of(channel),)
        self.unit.clear()
        for unit in units:
            self.unit.addItem(unit, unit)
        self.unit.setVisible(channel in _PER_HA)
        self._probe_unit.setText(unit_of(channel))
        say(self._hint, self._hint_text(channel))
        self._show_again(False)
        self.look()
        self._fresh, _ = fresh_value(self._state, channel, now_us())
        self._follow()

    def _hint_text(self, channel: str) -> str:
        card = self.tr("A Soil Health Card gives kg/ha; it is divided by 2.24 (15 cm of soil).")
        if channel != "N":
            return card if channel in _PER_HA else ""
        if self._engine.settings.analysis.n_basis == "nitrate":
            basis = self.tr(
                "The settings take nitrogen as nitrate: enter nitrate nitrogen, not the "
                "available nitrogen of a Soil Health Card (by permanganate)."
            )
        else:
            basis = self.tr(
                "The settings take nitrogen by permanganate, as a Soil Health Card does."
            )
        return _sentences(basis, card)

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self.channel.setObjectName("dialog.calibration.laboratory.channel")
        for key in _CHANNELS:
            self.channel.addItem(channel_name(key), key)
        self.channel.currentIndexChanged.connect(self._choose_channel)
        self.unit.setObjectName("dialog.calibration.laboratory.unit")
        self.unit.setAccessibleName(self.tr("Unit of the laboratory's value"))
        self.unit.currentIndexChanged.connect(self._follow)
        self.make_number("true", self.tr("Laboratory's value"))
        probe = self.make_number("probe", self.tr("Probe's value then"))
        probe.textEdited.connect(self._on_typed)
        self._probe_unit = QLabel()
        set_look(self._probe_unit, class_="faint")
        self.at_edit.dateTimeChanged.connect(lambda: self._looking.start())
        self.again.clicked.connect(self._take_found)
        self.again.hide()
        self._column(
            self.tr(
                "Take a soil sample beside the probe and enter what the laboratory found. The "
                "probe is shifted by the mean difference of its newest 8 samples; with 3 or "
                "more, its nitrogen, phosphorus and potassium count as calibrated."
            ),
            self._grid(),
        )

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        title = dialog_parts.title_of
        grid.addWidget(title(self.channel, self.tr("Value of")), 0, 0)
        grid.addWidget(self.channel, 0, 1, 1, 2)
        grid.addWidget(title(self.at_edit, self.tr("Sample taken")), 0, 3)
        grid.addWidget(self.at_edit, 0, 4, dialog_parts.LEFT)
        grid.addWidget(title(self.numbers["true"], self.tr("Laboratory")), 1, 0)
        grid.addWidget(self.numbers["true"], 1, 1)
        grid.addWidget(self.unit, 1, 2)
        grid.addWidget(self._hint, 1, 3, 1, 2)
        grid.addWidget(title(self.numbers["probe"], self.tr("Probe then")), 2, 0)
        grid.addWidget(self.numbers["probe"], 2, 1)
        grid.addWidget(self._probe_unit, 2, 2)
        row = dialog_parts.row(self.found, self.again)
        grid.addLayout(row, 2, 3, 1, 2)
        grid.addWidget(self._note_label, 3, 0)
        grid.addWidget(self.note_edit, 3, 1, 1, 4)
        grid.setColumnStretch(4, 1)
        return grid


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
