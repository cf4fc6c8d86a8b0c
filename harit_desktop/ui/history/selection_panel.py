"""The panel beside the History page: what the selected range says."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Flag, ProfileLimits
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.history.history_texts import weekday_moment
from harit_desktop.ui.history.selection_stats import DeviceQuality, DeviceStatistics
from harit_desktop.ui.history.selection_table import SelectionTable
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.theme import Tokens, set_look
from harit_desktop.ui.words import channel_in_sentence, count, duration_text, joined, number

_CONTEXT = "History"


class SelectionPanel(QWidget):
    """`panel.selection`: when, values by device and channel, how good the data are."""

    zoom_asked = Signal(object)
    export_asked = Signal(object)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel.selection")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_look(self, class_="panel")
        self._span: Span | None = None
        self._title = QLabel()
        set_look(self._title, class_="dense strong muted")
        self._from = QLabel()
        set_look(self._from, class_="strong")
        self._to = QLabel()
        set_look(self._to, class_="dense")
        self._to.setWordWrap(True)
        self._hint = dialog_parts.sentences("history.selection.hint", "dense muted")
        self.zoom = dialog_parts.button("button.selection.zoom")
        self.export = dialog_parts.button("button.selection.export")
        self._progress = QProgressBar()
        self._progress.setObjectName("history.selection.progress")
        self._progress.setTextVisible(False)
        self.table = SelectionTable()
        self._quality_title = QLabel()
        set_look(self._quality_title, class_="dense strong")
        self._quality = dialog_parts.sentences("history.selection.quality", "dense muted")
        self._build()
        self.set_tokens(tokens)
        self.set_words()
        self.show_range(None)

    def show_range(self, span: Span | None) -> None:
        """Shows when the selection is; None for none. The values come later."""
        self._span = span
        there = span is not None
        for widget in self._parts:
            widget.setVisible(there)
        self._hint.setVisible(not there)
        if span is None:
            self._progress.hide()
            return
        seconds = span.length_us < 600 * US_PER_S
        self._from.setText(weekday_moment(span.from_us, seconds))
        until = self.tr("to {time}  ·  {length}")
        self._to.setText(
            until.format(
                time=weekday_moment(span.to_us, seconds),
                length=duration_text(span.length_us / US_PER_S),
            )
        )

    def clear_values(self) -> None:
        """The values of another range are no longer right."""
        self.show_statistics((), (), {}, {}, {})
        self._quality.setText("")

    def show_statistics(
        self,
        found: Sequence[DeviceStatistics],
        channels: Sequence[str],
        names: Mapping[str, str],
        slots: Mapping[str, int],
        limits: ProfileLimits,
    ) -> None:
        """Shows the values of the devices for the channels on the page."""
        self.table.show_statistics(found, channels, names, slots, limits)
        self.table.setVisible(bool(found) and self._span is not None)

    def show_quality(
        self,
        found: Sequence[DeviceQuality],
        statistics: Sequence[DeviceStatistics],
        names: Mapping[str, str],
    ) -> None:
        """Shows readings, faults and gaps of the devices."""
        text = "\n".join(quality_lines(found, statistics, names))
        self._quality.setText(text)
        self._quality.setAccessibleName(text)

    def show_progress(self, part: float | None) -> None:
        """How much of the range was counted, 0..1; None when all was."""
        self._progress.setVisible(part is not None and self._span is not None)
        if part is not None:
            self._progress.setValue(round(part * 100))

    def show_problem(self, text: str) -> None:
        """Says in place of the quality why it could not be read."""
        self._quality.setText(text)
        self._quality.setAccessibleName(text)

    def set_tokens(self, tokens: Tokens) -> None:
        self.table.set_tokens(tokens)

    def set_words(self) -> None:
        self._title.setText(self.tr("Selection"))
        self.zoom.setText(self.tr("Zoom to it"))
        self.export.setText(self.tr("Export…"))
        self._quality_title.setText(self.tr("Data quality"))
        self._progress.setAccessibleName(self.tr("Counting the readings of the selection"))
        self._hint.setText(
            self.tr(
                "Drag across a strip to select a range: its lowest, mean and highest values "
                "stand here then. By keyboard: S in a strip, the arrow keys, Enter."
            )
        )

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(4)
        for label in (self._title, self._from, self._to):
            label.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(label)
        column.addWidget(self._hint)
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(6)
        row.addWidget(self.zoom)
        row.addWidget(self.export)
        row.addStretch(1)
        column.addWidget(buttons)
        column.addWidget(self._progress)
        rule, second_rule = _rule(), _rule()
        column.addWidget(rule)
        column.addWidget(self.table)
        column.addWidget(second_rule)
        column.addWidget(self._quality_title)
        column.addWidget(self._quality)
        column.addStretch(1)
        self._parts = (
            *(self._from, self._to, buttons, rule, second_rule),
            *(self.table, self._quality_title, self._quality),
        )
        self.zoom.clicked.connect(self._zoom)
        self.export.clicked.connect(self._export)

    def _zoom(self) -> None:
        if self._span is not None:
            self.zoom_asked.emit(self._span)

    def _export(self) -> None:
        if self._span is not None:
            self.export_asked.emit(self._span)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.set_words()


def quality_lines(
    found: Sequence[DeviceQuality],
    statistics: Sequence[DeviceStatistics],
    names: Mapping[str, str],
) -> list[str]:
    """The readings of all devices together, then what is to be said of each."""
    tr = QCoreApplication.translate
    readings = sum(one.readings for one in found)
    lines = []
    if found:
        one_reading, many = tr(_CONTEXT, "1 reading"), tr(_CONTEXT, "{n} readings")
        text = one_reading if readings == 1 else many.format(n=count(readings))
        part = _expected_part(found)
        if any(one.partial for one in found):
            counting = tr(_CONTEXT, "{readings} so far, still counting…")
            text = counting.format(readings=text)
        elif part is not None:
            whole = tr(_CONTEXT, "{readings} · {percent} % of expected")
            text = whole.format(readings=text, percent=number(100 * part, 1))
        lines.append(text)
    gaps = {one.publisher_id: one.gaps for one in statistics}
    for one in found:
        name = names.get(one.publisher_id, one.publisher_id)
        said = tr(_CONTEXT, "{device}: {findings}")
        told = joined(_findings(one, gaps.get(one.publisher_id, ())))
        lines.append(said.format(device=name, findings=told))
    return lines


def _expected_part(found: Sequence[DeviceQuality]) -> float | None:
    parts = [one.expected_part for one in found]
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else None


def _findings(one: DeviceQuality, gaps: Sequence[float]) -> list[str]:
    tr = QCoreApplication.translate
    said = []
    faults = [stored.event for stored in one.events if stored.event.flag != Flag.PASS]
    if faults:
        channels = sorted({channel for event in faults for channel in event.channels})
        single, many = tr(_CONTEXT, "1 anomaly"), tr(_CONTEXT, "{n} anomalies")
        text = single if len(faults) == 1 else many.format(n=count(len(faults)))
        if channels:
            named = tr(_CONTEXT, "{anomalies} ({channels})")
            listed = joined([channel_in_sentence(channel) for channel in channels])
            text = named.format(anomalies=text, channels=listed)
        said.append(text)
    elif not one.flawed:
        said.append(tr(_CONTEXT, "no anomaly"))
    if one.flawed:
        single, many = tr(_CONTEXT, "1 doubted reading"), tr(_CONTEXT, "{n} doubted readings")
        said.append(single if one.flawed == 1 else many.format(n=count(one.flawed)))
    said.append(_gaps(gaps))
    return said


def _gaps(gaps: Sequence[float]) -> str:
    tr = QCoreApplication.translate
    if not gaps:
        return tr(_CONTEXT, "no gap")
    longest = duration_text(max(gaps))
    if len(gaps) == 1:
        return tr(_CONTEXT, "1 gap of {time}").format(time=longest)
    many = tr(_CONTEXT, "{n} gaps, the longest {time}")
    return many.format(n=count(len(gaps)), time=longest)


def _rule() -> QFrame:
    rule = QFrame()
    rule.setFrameShape(QFrame.Shape.HLine)
    set_look(rule, class_="line")
    return rule
