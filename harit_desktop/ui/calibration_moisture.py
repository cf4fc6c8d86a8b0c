"""Moisture by two points: what the probe says in two soils whose moisture is known."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton

from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.calibration_checks import Mistake, check_line, check_values, warn_close
from harit_desktop.ui.calibration_form import CalibrationForm, fresh_value
from harit_desktop.ui.calibration_texts import effect_text, precision_of
from harit_desktop.ui.dialog_parts import moment_us, say, sentences
from harit_desktop.ui.frame_clock import now_us
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_value

CHANNEL = "Moisture"
POINTS = ("dry", "wet")


class MoistureForm(CalibrationForm):
    """Two rows of probe's value and true value, and from when the line through them holds."""

    def __init__(self, publisher_id: str, volumetric: bool) -> None:
        """`volumetric`: the settings take moisture as % of volume, not of saturation."""
        super().__init__(publisher_id, "moisture")
        self._volumetric = volumetric
        self.present = sentences("dialog.calibration.moisture.present", "dense muted")
        self.take: dict[str, QPushButton] = {}
        self._build()
        self.show_state(None, now_us())

    def mistakes(self) -> list[Mistake]:
        values = {name: number.value() for name, number in self.numbers.items()}
        found = check_values(CHANNEL, values)
        if found:
            return found
        line = check_line(*self._points())
        return [line] if line is not None else []

    def read(self) -> Calibration:
        return Calibration(
            publisher_id=self._publisher_id,
            channel=CHANNEL,
            kind=CalibrationKind.TWO_POINT,
            at_us=moment_us(self.at_edit),
            points=self._points(),
            entered_us=now_us(),
            note=self.note_edit.text().strip(),
        )

    def describe(self, calibration: Calibration, corrections: Corrections) -> str:
        segment = corrections.segment(self._publisher_id, CHANNEL, calibration.at_us)
        if segment is None:
            return ""
        parts = [self.tr("Gives {effect}.").format(effect=effect_text(CHANNEL, segment))]
        if self._fresh is not None:
            parts.append(
                self.tr("The present {raw} would be {corrected}.").format(
                    raw=channel_value(CHANNEL, self._fresh),
                    corrected=channel_value(CHANNEL, segment.corrected(self._fresh)),
                )
            )
        parts.append(warn_close(*self._points()))
        return " ".join(part for part in parts if part)

    def show_state(self, state: DeviceState | None, moment_us: int) -> None:
        before = self._fresh
        self._fresh, text = fresh_value(state, CHANNEL, moment_us)
        if text != self.present.text():
            say(self.present, text)
        for button in self.take.values():
            button.setEnabled(self._fresh is not None)
            button.setAccessibleDescription(text)
        if before != self._fresh:
            self._follow()

    def _points(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Of fields that `mistakes` has found in order."""
        dry, wet = (
            tuple(self.numbers[f"{point}.{side}"].value() or 0.0 for side in ("probe", "true"))
            for point in POINTS
        )
        return (dry[0], dry[1]), (wet[0], wet[1])

    def _take(self, point: str) -> None:
        if self._fresh is not None:
            self.numbers[f"{point}.probe"].set_value(self._fresh, precision_of(CHANNEL))

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for place, title in ((1, self.tr("Probe, %")), (2, self.tr("True, %"))):
            heading = QLabel(title)
            set_look(heading, class_="dense muted")
            grid.addWidget(heading, 0, place)
        self._add_point(grid, 1, "dry", self.tr("Drier soil"))
        self._add_point(grid, 2, "wet", self.tr("Wetter soil"))
        grid.addWidget(self.present, 0, 3, 1, 2)
        grid.addWidget(dialog_parts.title_of(self.at_edit, self.tr("Holds from")), 3, 0)
        grid.addWidget(self.at_edit, 3, 1, 1, 2)
        grid.addWidget(self._note_label, 3, 3)
        grid.addWidget(self.note_edit, 3, 4)
        grid.setColumnStretch(4, 1)
        self._column(self._explained(), grid)

    def _explained(self) -> str:
        how = self.tr(
            "Put the probe into dry soil and enter what it says and the moisture that the soil "
            "really has, found by weighing and drying. Then the same in soil that is soaked "
            "through. A straight line through both corrects all readings from then on."
        )
        basis = (
            self.tr("The settings take moisture as % of volume: enter the true values so.")
            if self._volumetric
            else self.tr("The settings take moisture as % of saturation: enter the true values so.")
        )
        return f"{how} {basis}"

    def _add_point(self, grid: QGridLayout, row: int, point: str, title: str) -> None:
        probe = self.make_number(
            f"{point}.probe", self.tr("{soil}: probe's value, percent").format(soil=title)
        )
        true = self.make_number(
            f"{point}.true", self.tr("{soil}: true value, percent").format(soil=title)
        )
        label = QLabel(title)
        label.setBuddy(probe)
        set_look(label, class_="muted")
        take = dialog_parts.button(
            f"dialog.calibration.moisture.{point}.take", self.tr("Take the present reading")
        )
        take.setAccessibleName(self.tr("{soil}: take the present reading").format(soil=title))
        take.clicked.connect(lambda: self._take(point))
        self.take[point] = take
        for column, widget in enumerate((label, probe, true)):
            grid.addWidget(widget, row, column)
        grid.addWidget(take, row, 3, 1, 2)
        grid.setAlignment(take, dialog_parts.LEFT)
