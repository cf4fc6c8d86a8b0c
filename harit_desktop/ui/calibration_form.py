"""What both calibration forms have in common: fields, checks in place, a preview, Add."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import Calibration, DeviceBook
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.calibration_checks import Mistake, check_moment
from harit_desktop.ui.calibration_texts import NOTE_CHARS
from harit_desktop.ui.dialog_parts import NumberEdit, moment_us, say, sentences
from harit_desktop.ui.frame_clock import now_us
from harit_desktop.ui.moment_edit import MomentEdit
from harit_desktop.ui.quality_texts import flag_phrase
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import age_text, channel_value


class CalibrationForm(QWidget):
    """One kind of calibration of one device. `entered` gives it once it is in order.

    A field is checked when the user leaves it and at Add; what is wrong is said below.
    """

    entered = Signal(Calibration)
    refused = Signal()
    """A mistake is shown: what was said of an earlier entry no longer belongs here."""

    def __init__(self, publisher_id: str, kind: str) -> None:
        super().__init__()
        self._fresh: float | None = None
        self._publisher_id = publisher_id
        self._book = DeviceBook()
        self._name = f"dialog.calibration.{kind}"
        self.at_edit = MomentEdit(f"{self._name}.at", now_us())
        self.note_edit = QLineEdit()
        self.note_edit.setObjectName(f"{self._name}.note")
        self.note_edit.setMaxLength(NOTE_CHARS)
        self._note_label = dialog_parts.title_of(self.note_edit, self.tr("Note"))
        self.numbers: dict[str, NumberEdit] = {}
        self.problem = sentences(f"{self._name}.problem", "dense", "crit")
        self.preview = sentences(f"{self._name}.preview", "dense muted")
        self.problem.hide()
        self.add = dialog_parts.button(f"{self._name}.add", self.tr("Add"))
        self.add.clicked.connect(self._on_add)
        self.at_edit.dateTimeChanged.connect(self._follow)

    # -- what a form has to say ----------------------------------------------------------

    def mistakes(self) -> list[Mistake]:
        """What is wrong with the numbers, of fields that are filled or not."""
        raise NotImplementedError

    def read(self) -> Calibration:
        """The calibration; asked only where `mistakes` finds none."""
        raise NotImplementedError

    def describe(self, calibration: Calibration, corrections: Corrections) -> str:
        """What it would do, in words."""
        raise NotImplementedError

    def caution(self, calibration: Calibration) -> str:
        """What looks odd in a calibration that can be entered all the same; "" for nothing."""
        return ""

    # -- for the dialog ------------------------------------------------------------------

    def show_book(self, book: DeviceBook) -> None:
        self._book = book
        self._follow()

    def show_state(self, state: DeviceState | None, moment_us: int) -> None:
        """Takes the newest reading of the device, once a second."""

    def poll(self) -> None:
        """Takes answers of queries; called by the frame clock."""

    def clear(self) -> None:
        """Empties what belongs to one comparison, after it was entered."""
        for number in self.numbers.values():
            number.clear()
        self.note_edit.clear()
        self.at_edit.set_moment(now_us())
        self._show_mistakes([])
        self._follow()

    # -- the checks ----------------------------------------------------------------------

    def make_number(self, field: str, spoken: str) -> NumberEdit:
        number = NumberEdit(f"{self._name}.{field}")
        number.setAccessibleName(spoken)
        number.textChanged.connect(self._follow)
        number.editingFinished.connect(self._check_filled)
        self.numbers[field] = number
        return number

    def _all_mistakes(self) -> list[Mistake]:
        found = self.mistakes()
        moment = check_moment(moment_us(self.at_edit), now_us())
        return [*found, moment] if moment is not None else found

    def _check_filled(self) -> None:
        """What is wrong with the fields that are filled: an empty one may still follow."""
        empty = {name for name, number in self.numbers.items() if not number.text().strip()}
        found = []
        for mistake in self._all_mistakes():
            fields = tuple(field for field in mistake.fields if field not in empty)
            if fields:
                found.append(Mistake(fields, mistake.text))
        self._show_mistakes(found)

    def _show_mistakes(self, found: list[Mistake]) -> None:
        by_field = {field: mistake.text for mistake in found for field in mistake.fields}
        for name, number in self.numbers.items():
            number.set_problem(by_field.get(name, ""))
        set_look(self.at_edit, invalid="true" if "at" in by_field else "false")
        self.at_edit.setAccessibleDescription(by_field.get("at", ""))
        lines = [self.tr("▲ {problem}").format(problem=mistake.text) for mistake in found]
        say(self.problem, "\n".join(lines), "crit")
        self.preview.setVisible(not lines)
        if lines:
            self.refused.emit()

    def _follow(self, *_: object) -> None:
        """Keeps the preview at what the fields say, and takes back a mended mistake."""
        found = self._all_mistakes()
        if self.problem.isVisibleTo(self):
            self._check_filled()
        if found:
            self.preview.setText("")
            return
        calibration = self.read()
        caution = self.caution(calibration)
        set_look(self.preview, severity="warn" if caution else "")
        others = [one for one in self._book.calibrations if _same(one, calibration)]
        described = self.describe(calibration, Corrections([*others, calibration]))
        template = self.tr("▲ {caution} {effect}") if caution else "{effect}"
        self.preview.setText(template.format(caution=caution, effect=described))

    def _on_add(self) -> None:
        found = self._all_mistakes()
        self._show_mistakes(found)
        if not found:
            self.entered.emit(self.read())
            return
        first = next((f for f in self.numbers if any(f in m.fields for m in found)), None)
        (self.numbers[first] if first else self.at_edit).setFocus()

    # -- parts of the layout -------------------------------------------------------------

    def _column(self, explained: str, fields: QGridLayout) -> QVBoxLayout:
        text = sentences(f"{self._name}.explained", "dense muted")
        text.setText(explained)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 4)
        column.setSpacing(8)
        column.addWidget(text)
        column.addLayout(fields)
        last = QHBoxLayout()
        last.setSpacing(8)
        last.addWidget(self.problem, 1)
        last.addWidget(self.preview, 1)
        last.addWidget(self.add, 0, dialog_parts.TOP)
        column.addLayout(last)
        column.addStretch(1)
        return column


def _tr(text: str) -> str:
    return QCoreApplication.translate("Calibration", text)


def _same(one: Calibration, other: Calibration) -> bool:
    return one.publisher_id == other.publisher_id and one.channel == other.channel


def fresh_value(
    state: DeviceState | None, channel: str, moment_us: int
) -> tuple[float | None, str]:
    """The probe's present value, or None; and the sentence that says what it is, or why
    there is none."""
    if state is None:
        return None, _tr("There is no reading of this probe yet.")
    age = age_text(state.age_s(moment_us))
    if state.is_stale(moment_us) or state.arrived_late():
        return None, _tr("No present reading: the probe was last heard {age}.").format(age=age)
    place = CHANNEL_INDEX[channel]
    value = state.values[place]
    flags = state.analysis.flags
    if value is None:
        return None, _tr("The probe does not send this value.")
    # A probe that was just put into another soil is suspect for its step, and meant to be.
    if place < len(flags) and flags[place] == Flag.FAIL:
        shown = channel_value(channel, value)
        return None, _tr("The present value, {value}, is impossible.").format(value=shown)
    said = _tr("The probe says {value} now ({age}).").format(
        value=channel_value(channel, value), age=age
    )
    if place >= len(flags) or flags[place] != Flag.SUSPECT:
        return value, said
    flag = flag_phrase(Flag.SUSPECT, dict(state.analysis.reasons).get(channel, ""))
    template = _tr(
        "{said} It is {flag}. That is usual after the probe was moved: take it once it is steady."
    )
    return value, template.format(said=said, flag=flag)
