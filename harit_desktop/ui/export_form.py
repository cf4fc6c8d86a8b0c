"""How an exported file is written: its kind, what a row is, its columns, times and signs."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.export import (
    ANOMALY,
    CORRECTED,
    DEFAULT_COLUMNS,
    INDEX,
    NAME,
    QUALITY,
    SOURCE,
    ExportContent,
    ExportFormat,
    ExportRequest,
    TimeFormat,
)
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_name

_PER_ROW = 4
_OF_READINGS = (ANOMALY, SOURCE, QUALITY, CORRECTED)


class FormFields(QWidget):
    """The right half of the dialog.

    `rows_changed` tells that the file gets other rows, `changed` that it looks different.
    """

    rows_changed = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.columns: dict[str, QCheckBox] = {}
        self._is_corrected_chosen = False
        self._formats = QButtonGroup(self)
        self.content = self._combo("content", self._contents())
        self.times = self._combo("time", self._times())
        self.separator = self._combo("separator", self._separators())
        self.decimal = self._combo("decimal", ((".", "1.5"), (",", "1,5")))
        self.bom = QCheckBox(self.tr("Marked as UTF-8, for Excel"))
        self.extras = QCheckBox(self.tr("Further channels"))
        self._is_extras_chosen = False
        self._separator_title = dialog_parts.title_of(self.separator, self.tr("Separator"))
        self._decimal_title = dialog_parts.title_of(self.decimal, self.tr("Decimal point"))
        self.note = dialog_parts.sentences("dialog.export.formatNote", "dense muted")
        self._build()
        self._show_state()

    def format(self) -> ExportFormat:
        """The chosen kind of file."""
        return list(ExportFormat)[self._formats.checkedId()]

    def offer_corrected(self, on: bool) -> None:
        """Checks or unchecks the corrected values, until a person has done so."""
        if self._is_corrected_chosen:
            return
        box = self.columns[CORRECTED]
        box.blockSignals(True)
        box.setChecked(on)
        box.blockSignals(False)

    def offer_extras(self, on: bool) -> None:
        """Checks or unchecks the extra channels, until a person has done so."""
        if self._is_extras_chosen:
            return
        self.extras.blockSignals(True)
        self.extras.setChecked(on)
        self.extras.blockSignals(False)

    def fill(self, request: ExportRequest) -> ExportRequest:
        """The request with these choices in it."""
        chosen = [key for key, box in self.columns.items() if box.isChecked()]
        return msgspec.structs.replace(
            request,
            format=self.format(),
            content=ExportContent(self.content.currentData()),
            columns=tuple(chosen),
            time_format=TimeFormat(self.times.currentData()),
            separator=self.separator.currentData(),
            decimal_point=self.decimal.currentData(),
            bom=self.bom.isChecked(),
            extras=self.extras.isChecked(),
        )

    # -- what follows from what ----------------------------------------------------------

    def _show_state(self) -> None:
        is_csv = self.format() is ExportFormat.CSV
        csv_only: tuple[QWidget, ...] = (
            *(self.separator, self.decimal, self.bom),
            *(self._separator_title, self._decimal_title),
        )
        for widget in csv_only:
            widget.setEnabled(is_csv)
        raw = self.content.currentData() == ExportContent.RAW
        for key in _OF_READINGS:
            self.columns[key].setEnabled(raw)
        self.extras.setEnabled(raw)
        dialog_parts.say(self.note, self._note_text())

    def _note_text(self) -> str:
        if self.content.currentData() != ExportContent.RAW:
            return self.tr(
                "Each row has the mean, the least and the greatest of the values as sent, "
                "without those that failed the quality tests."
            )
        if self.format() is ExportFormat.XLSX:
            if self.times.currentData() == TimeFormat.ISO:
                return self.tr(
                    "Times are dates of this computer's time zone, with the offset beside them."
                )
            return self.tr("Times are dates of this computer's time zone.")
        return ""

    def _on_corrected(self, *_: object) -> None:
        self._is_corrected_chosen = True

    def _on_extras(self, *_: object) -> None:
        self._is_extras_chosen = True

    def _on_format(self, _number: int, checked: bool) -> None:
        if checked:
            self._show_state()
            self.changed.emit()

    def _on_content(self, _: int) -> None:
        self._show_state()
        self.rows_changed.emit()

    def _on_separator(self, _: int) -> None:
        if self.separator.currentData() == self.decimal.currentData():
            self._set(self.decimal, ".")
        self.changed.emit()

    def _on_decimal(self, _: int) -> None:
        if self.separator.currentData() == self.decimal.currentData():
            self._set(self.separator, ";")
        self.changed.emit()

    def _on_times(self, _: int) -> None:
        self._show_state()
        self.changed.emit()

    def _set(self, combo: QComboBox, value: str) -> None:
        combo.blockSignals(True)
        combo.setCurrentIndex(combo.findData(value))
        combo.blockSignals(False)

    # -- the widgets -------------------------------------------------------------------

    def _contents(self) -> tuple[tuple[str, str], ...]:
        return (
            (ExportContent.RAW, self.tr("Every reading")),
            (ExportContent.MINUTE, self.tr("1 minute: mean, least, greatest")),
            (ExportContent.HOUR, self.tr("1 hour: mean, least, greatest")),
        )

    def _times(self) -> tuple[tuple[str, str], ...]:
        return (
            (TimeFormat.ISO, self.tr("ISO 8601 with offset")),
            (TimeFormat.LOCAL, self.tr("Local time, without offset")),
        )

    def _separators(self) -> tuple[tuple[str, str], ...]:
        return (
            (",", self.tr("Comma ,")),
            (";", self.tr("Semicolon ;")),
            ("\t", self.tr("Tab")),
        )

    def _combo(self, name: str, choices: Any) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(f"dialog.export.{name}")
        for value, text in choices:
            combo.addItem(text, str(value))
        return combo

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        format_title = QLabel(self.tr("File type"))
        set_look(format_title, class_="muted")
        rows: tuple[tuple[QLabel, QWidget | QHBoxLayout], ...] = (
            (format_title, self._format_row()),
            (dialog_parts.title_of(self.content, self.tr("Rows")), self.content),
            (dialog_parts.title_of(self.times, self.tr("Times")), self.times),
            (self._separator_title, self._signs()),
        )
        for number, (title, content) in enumerate(rows):
            grid.addWidget(title, number, 0)
            if isinstance(content, QWidget):
                grid.addWidget(content, number, 1)
            else:
                grid.addLayout(content, number, 1)
        self.bom.setObjectName("dialog.export.bom")
        self.bom.setChecked(True)
        self.bom.setToolTip(
            self.tr("Without the mark Excel shows letters other than English ones wrongly.")
        )
        grid.addWidget(self.bom, len(rows), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        columns_title = QLabel(self.tr("Columns"))
        set_look(columns_title, class_="muted")
        column.addWidget(columns_title)
        column.addLayout(self._column_boxes())
        column.addWidget(self.note)
        column.addStretch(1)
        self.content.currentIndexChanged.connect(self._on_content)
        self.times.currentIndexChanged.connect(self._on_times)
        self.separator.currentIndexChanged.connect(self._on_separator)
        self.decimal.currentIndexChanged.connect(self._on_decimal)
        self.bom.toggled.connect(lambda _: self.changed.emit())

    def _format_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        texts = {
            ExportFormat.CSV: self.tr("CSV"),
            ExportFormat.JSON: self.tr("JSON"),
            ExportFormat.XLSX: self.tr("Excel"),
        }
        for number, (kind, text) in enumerate(texts.items()):
            button = QPushButton(text)
            button.setObjectName(f"dialog.export.format.{kind}")
            button.setAccessibleName(self.tr("File type {name}").format(name=text))
            button.setCheckable(True)
            button.setAutoDefault(False)
            set_look(button, class_="segment")
            self._formats.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self._formats.button(0).setChecked(True)
        self._formats.idToggled.connect(self._on_format)
        return row

    def _signs(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.separator)
        row.addSpacing(8)
        row.addWidget(self._decimal_title)
        row.addWidget(self.decimal)
        row.addStretch(1)
        return row

    def _column_boxes(self) -> QGridLayout:
        texts = {channel.key: channel_name(channel.key) for channel in CHANNELS}
        texts[INDEX] = self.tr("Soil index")
        texts[ANOMALY] = self.tr("Anomaly")
        texts[SOURCE] = self.tr("Source")
        texts[NAME] = self.tr("Device name")
        texts[QUALITY] = self.tr("Quality")
        texts[CORRECTED] = self.tr("Corrected")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for number, (key, text) in enumerate(texts.items()):
            box = QCheckBox(text)
            box.setObjectName(f"dialog.export.column.{key}")
            box.setAccessibleName(self.tr("Column {name}").format(name=text))
            box.setChecked(key in DEFAULT_COLUMNS)
            box.toggled.connect(lambda _: self.changed.emit())
            self.columns[key] = box
            grid.addWidget(box, number // _PER_ROW, number % _PER_ROW)
        for column in range(_PER_ROW):
            grid.setColumnStretch(column, 1)
        self.extras.setObjectName("dialog.export.extras")
        self.extras.setToolTip(
            self.tr(
                "A column for each quantity beyond the seven: conductivity, light, battery, signal "
                "and others, from the store of this computer."
            )
        )
        self.extras.toggled.connect(lambda _: self.changed.emit())
        self.extras.clicked.connect(self._on_extras)
        # Beside the groups, in what is left of the last row.
        number = len(texts)
        place = number // _PER_ROW, number % _PER_ROW
        grid.addWidget(self.extras, *place, 1, _PER_ROW - place[1])
        self.columns[QUALITY].setToolTip(
            self.tr("The flag of each channel (1 good, 3 suspect, 4 failed) and the reasons.")
        )
        self.columns[CORRECTED].clicked.connect(self._on_corrected)
        self.columns[CORRECTED].setToolTip(
            self.tr("A column more for each channel, with the calibrations that held then.")
        )
        return grid
