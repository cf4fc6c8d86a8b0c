"""The values of a message, each with what it is, its unit and a factor."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QWidget

from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.mapping.texts import (
    confidence_text,
    short,
    tail,
    target_name,
    tool_tip,
    why_text,
)
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.wire.proposal_rows import RowKind
from harit_desktop.wire.proposals import Confidence, Proposal, Row, Why, channels_first
from harit_desktop.wire.template_spec import ChannelSpec
from harit_desktop.wire.template_units import TARGETS, UNITS

MAX_LISTED = 60
"""Each takes five widgets, and a person has to look at all of them."""
_FACTORS = (1.0, 0.1, 0.01, 0.001, 10.0, 100.0, 1000.0)
_WHAT_PX, _UNIT_PX, _FACTOR_PX = 188, 112, 92
_SENT_CHARS = 9
_SENT_COLUMN, _UNIT_COLUMN = 1, 3
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SEVERITIES = {Confidence.HIGH: "ok", Confidence.MEDIUM: "", Confidence.LOW: "warn"}


class CalmCombo(QComboBox):
    """A list that the wheel changes only where it was chosen before: a grid of them is
    scrolled with the wheel."""

    def __init__(self, name: str, width_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(1)
        self.setFixedWidth(scaled(width_px))

    def fit(self) -> None:
        """As wide as its longest text needs, and no narrower than it is."""
        self.ensurePolished()
        before = self.sizeAdjustPolicy()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        needed_px = self.sizeHint().width()
        self.setSizeAdjustPolicy(before)
        self.setFixedWidth(max(self.width(), needed_px))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class PathLabel(QLabel):
    """A path whose end is always seen: it says more than the beginning."""

    def __init__(self, path: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._path = printable(path)
        self.setToolTip(tool_tip(path))
        self.setAccessibleName(self._path)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        mode = Qt.TextElideMode.ElideLeft
        self.setText(self.fontMetrics().elidedText(self._path, mode, self.width()))


class ValueRow:
    """One value: its path, as sent, and the three choices. `given` is what a template says of
    it that is being changed."""

    def __init__(
        self, row: Row, place: int, parent: QWidget, given: ChannelSpec | None = None
    ) -> None:
        self.row, self._given = row, given
        name = f"dialog.mapping.value.{place}"
        self.path = PathLabel(row.path, parent)
        self.sent = QLabel(short(row.shown, _SENT_CHARS), parent)
        self.what = CalmCombo(f"{name}.is", _WHAT_PX, parent)
        self.unit = CalmCombo(f"{name}.unit", _UNIT_PX, parent)
        self.factor = CalmCombo(f"{name}.factor", _FACTOR_PX, parent)
        self.sure = QLabel(parent)
        for label, part, look in (
            (self.path, "path", "dense"),
            (self.sent, "sent", "dense medium"),
            (self.sure, "sure", "dense"),
        ):
            label.setObjectName(f"{name}.{part}")
            label.setTextFormat(Qt.TextFormat.PlainText)
            set_look(label, class_=look)
        self.sent.setToolTip(tool_tip(row.shown))
        self.sent.setAlignment(_RIGHT)
        self._fill()

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return self.path, self.sent, self.what, self.unit, self.factor, self.sure

    def channel(self) -> ChannelSpec | None:
        """What the template says of this value; None for nothing."""
        to = str(self.what.currentData() or "")
        if not to:
            return None
        unit, scale = str(self.unit.currentData()), float(self.factor.currentData())
        given = self._given
        if given is not None and given.to == to:
            is_kept_unit = not given.unit and self.unit.currentIndex() == 0
            return structs.replace(given, unit="" if is_kept_unit else unit, scale=scale)
        return ChannelSpec(
            path=self.row.path,
            to=to,
            unit=unit,
            scale=scale,
            ignore=self.row.ignore,
            numeric_text=self.row.kind is RowKind.NUMERIC_TEXT,
        )

    def mark(self, is_wrong: bool) -> None:
        """Marks the choice as one that cannot be."""
        set_look(self.what, invalid="true" if is_wrong else "false")

    def follow_target(self) -> None:
        """Offers the units of what was chosen; keeps unit and factor of the proposal."""
        to = str(self.what.currentData() or "")
        is_proposed = bool(to) and to == self.row.to
        with QSignalBlocker(self.unit), QSignalBlocker(self.factor):
            self.unit.clear()
            for unit in UNITS.get(to, ()):
                self.unit.addItem(unit.name, unit.name)
            wanted = self.row.unit if is_proposed else ""
            if wanted and self.unit.findData(wanted) < 0:
                self.unit.addItem(wanted, wanted)
            self.unit.setCurrentIndex(max(0, self.unit.findData(wanted)))
            self._go_to_factor(self.row.scale if is_proposed else 1.0)
        for combo in (self.unit, self.factor):
            combo.setVisible(bool(to))
        self.unit.setEnabled(self.unit.count() > 1)
        self._say_sure(is_proposed, bool(to))

    def _go_to_factor(self, scale: float) -> None:
        place = next((n for n, one in enumerate(_FACTORS) if one == scale), -1)
        if place < 0:
            place = self.factor.findData(scale)
        if place < 0:
            self._add_factor(scale)
            self.factor.fit()
            place = self.factor.count() - 1
        self.factor.setCurrentIndex(place)

    def _add_factor(self, factor: float) -> None:
        text = QCoreApplication.translate("ValueGrid", "× {n}")
        self.factor.addItem(text.format(n=f"{factor:g}"), factor)

    def _say_sure(self, is_proposed: bool, is_chosen: bool) -> None:
        shown = is_proposed or (not is_chosen and self.row.why is Why.AIR_OR_SOIL)
        confidence = self.row.confidence if is_proposed else Confidence.LOW
        if self.row.why is Why.SENTINEL and is_proposed:
            confidence = Confidence.LOW
        self.sure.setText(confidence_text(confidence) if shown else "")
        why = why_text(self.row) if shown else ""
        self.sure.setToolTip(why)
        self.what.setToolTip(why)
        self.what.setAccessibleDescription(why)
        set_look(self.sure, severity=_SEVERITIES.get(confidence, ""))

    def _fill(self) -> None:
        tr = QCoreApplication.translate
        self.what.addItem(tr("ValueGrid", "Nothing"), "")
        for key in TARGETS:
            self.what.addItem(target_name(key), key)
        self.what.setCurrentIndex(max(0, self.what.findData(self.row.to)))
        for factor in _FACTORS:
            self._add_factor(factor)
        self.factor.fit()
        shown = tail(self.row.path, 60)
        self.what.setAccessibleName(
            tr("ValueGrid", "{path}, sent as {value}, is").format(
                path=shown, value=self.sent.text()
            )
        )
        self.unit.setAccessibleName(tr("ValueGrid", "Unit of {path}").format(path=shown))
        self.factor.setAccessibleName(tr("ValueGrid", "Factor of {path}").format(path=shown))
        self.follow_target()


class ValueGrid(QWidget):
    """All numbers of a message. `changed` tells that the template would be another one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("dialog.mapping.values")
        self.rows: list[ValueRow] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._is_stacked = False
        self._heads = self._make_heads()
        self.note = sentences("dialog.mapping.values.note", "dense muted")

    def show_proposal(
        self, proposal: Proposal | None, given: tuple[ChannelSpec, ...] | None = None
    ) -> None:
        """Lists the numbers of another message, with what they may be; with `given` they are
        what this template says, and nothing else is proposed."""
        for row in self.rows:
            for widget in row.widgets:
                self._grid.removeWidget(widget)
                # Gone at once, not only when Qt comes to delete it.
                widget.hide()
                widget.deleteLater()
        self.rows = []
        self._grid.removeWidget(self.note)
        found = channels_first(proposal.rows) if proposal is not None else ()
        numbers = [row for row in found if row.number is not None]
        pairs: list[tuple[Row, ChannelSpec | None]] = [(row, None) for row in numbers[:MAX_LISTED]]
        if given is not None:
            pairs = _as_given(numbers, given)
        for place, (one, channel) in enumerate(pairs):
            self._add(ValueRow(one, place, self, channel))
        self._grid.addWidget(self.note, 2 * len(self.rows) + 1, 0, 1, 6)
        self._say_rest(proposal, numbers)
        self._show_heads()

    def stack(self, is_stacked: bool) -> None:
        """Each value on two lines, where one has no room for its name."""
        if is_stacked == self._is_stacked:
            return
        self._is_stacked = is_stacked
        for number in range(len(self.rows)):
            self._place(number)
        self._show_heads()

    def channels(self) -> tuple[ChannelSpec, ...]:
        """What was chosen, in the order of the list."""
        chosen = (row.channel() for row in self.rows)
        return tuple(channel for channel in chosen if channel is not None)

    def mark_twice(self) -> None:
        """Marks the choices that stand more than once."""
        chosen = [str(row.what.currentData() or "") for row in self.rows]
        for row, to in zip(self.rows, chosen, strict=True):
            row.mark(bool(to) and chosen.count(to) > 1)

    def _say_rest(self, proposal: Proposal | None, numbers: list[Row]) -> None:
        if proposal is None or proposal.problem is not None:
            text = ""
        elif not numbers:
            text = self.tr("There is no number in this message.")
        elif len(numbers) > MAX_LISTED or proposal.cut:
            text = self.tr("Only the first {n} values are listed.").format(n=len(self.rows))
        else:
            text = ""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _add(self, row: ValueRow) -> None:
        self.rows.append(row)
        self._place(len(self.rows) - 1)
        for shown in (row.path, row.sent, row.what, row.sure):
            shown.show()
        row.what.currentIndexChanged.connect(lambda _, row=row: self._retarget(row))
        for combo in (row.unit, row.factor):
            combo.currentIndexChanged.connect(lambda _: self.changed.emit())

    def _place(self, number: int) -> None:
        """Line 0 has the heads, and each value two lines, of which one may be empty."""
        row, line = self.rows[number], 2 * number + 1
        for widget in row.widgets:
            self._grid.removeWidget(widget)
        if not self._is_stacked:
            for column, widget in enumerate(row.widgets):
                self._grid.addWidget(widget, line, column)
            return
        self._grid.addWidget(row.path, line, 0, 1, 3)
        self._grid.addWidget(row.sent, line, 3)
        self._grid.addWidget(row.sure, line, 4)
        for column, combo in enumerate((row.what, row.unit, row.factor)):
            self._grid.addWidget(combo, line + 1, column + 2)

    def _show_heads(self) -> None:
        for head in self._heads:
            head.setVisible(bool(self.rows) and not self._is_stacked)
        # So that nothing moves where a value gets its unit and factor.
        factor_px = max((row.factor.width() for row in self.rows), default=scaled(_FACTOR_PX))
        for column, width_px in ((_UNIT_COLUMN, scaled(_UNIT_PX)), (_UNIT_COLUMN + 1, factor_px)):
            self._grid.setColumnMinimumWidth(column, 0 if self._is_stacked else width_px)

    def _retarget(self, row: ValueRow) -> None:
        row.follow_target()
        self.changed.emit()

    def _make_heads(self) -> tuple[QLabel, ...]:
        texts = (
            *(self.tr("Value"), self.tr("Sent")),
            *(self.tr("Is"), self.tr("Unit"), self.tr("Factor"), ""),
        )
        heads = tuple(QLabel(text) for text in texts)
        for column, head in enumerate(heads):
            set_look(head, class_="caption muted")
            if column == _SENT_COLUMN:
                head.setAlignment(_RIGHT)
            self._grid.addWidget(head, 0, column)
        return heads


def _as_given(
    numbers: list[Row], given: tuple[ChannelSpec, ...]
) -> list[tuple[Row, ChannelSpec | None]]:
    """The values of a template, in its order, then those that it leaves alone."""
    by_path = {row.path: row for row in numbers}
    pairs: list[tuple[Row, ChannelSpec | None]] = []
    for channel in given:
        row = by_path.get(channel.path) or Row(channel.path, "–", RowKind.NULL, None)
        pairs.append(
            (Row(row.path, row.shown, row.kind, row.number, **_of_channel(channel)), channel)
        )
    taken = {channel.path for channel in given}
    pairs += [
        (Row(row.path, row.shown, row.kind, row.number), None)
        for row in numbers
        if row.path not in taken
    ]
    return pairs[: max(MAX_LISTED, len(given))]


def _of_channel(channel: ChannelSpec) -> dict[str, Any]:
    units = UNITS.get(channel.to, ())
    unit = channel.unit or (units[0].name if units else "")
    return {"to": channel.to, "unit": unit, "scale": channel.scale, "ignore": channel.ignore}
