"""The fields of the export dialog: devices, time range, simulated data, file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QDateTime, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDateTimeEdit,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.export import ExportRequest
from harit_desktop.ui.theme import calm_calendar, set_look
from harit_desktop.ui.words import plain

_VISIBLE, _ALL, _CUSTOM = range(3)
_RANGE_NAMES = {_VISIBLE: "visible", _ALL: "all", _CUSTOM: "custom"}


@dataclass(frozen=True)
class ExportScope:
    """What the window shows when the dialog opens; times in UTC microseconds."""

    visible_from_us: int | None
    now_us: int
    focus: str | None
    devices: Sequence[DeviceState]
    simulated_rows: int


class ExportFields(QWidget):
    """What to export; `request` reads it. Says when the rows or the file were changed."""

    rows_changed = Signal()
    path_changed = Signal()

    def __init__(self, scope: ExportScope, notes: Sequence[QLabel]) -> None:
        super().__init__()
        self._scope = scope
        self.devices = self._make_devices()
        self.simulated = self._make_simulated()
        self._folder = _documents()
        self._suggested = str(self._folder / _suggested_name(scope))
        self.path = QLineEdit(self._suggested)
        self._range = QButtonGroup(self)
        self.from_edit = self._moment("dialog.export.from", scope.visible_from_us or scope.now_us)
        self.to_edit = self._moment("dialog.export.to", scope.now_us)
        self._build(notes)

    def request(self) -> ExportRequest:
        """What the fields ask for."""
        from_us, to_us = self._bounds()
        chosen = self.chosen_devices()
        everything = len(chosen) == self.devices.count()
        return ExportRequest(
            out=self.file(),
            from_us=from_us,
            to_us=to_us,
            publisher_ids=None if everything else tuple(chosen),
            include_simulated=self.simulated.isChecked(),
        )

    def file(self) -> Path:
        """The file with its folder: a bare name belongs to the folder shown before it."""
        return self._folder / Path(self.path.text().strip()).expanduser()

    def folder_is_missing(self) -> None:
        """Offers the home folder in place of a suggested folder that is not there."""
        if self.path.text() == self._suggested:
            self._folder = Path.home()
            self.path.setText(str(self._folder / Path(self._suggested).name))

    def complete_path(self) -> None:
        """Shows the whole path of what was typed."""
        if self.path.text().strip():
            file = self.file()
            self._folder = file.parent
            self.path.setText(str(file))

    def chosen_devices(self) -> list[str]:
        """The ids of the checked devices."""
        items = (self.devices.item(row) for row in range(self.devices.count()))
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        ]

    def has_devices(self) -> bool:
        """Whether any is checked; before the first device is known, all count."""
        return self.devices.count() == 0 or bool(self.chosen_devices())

    def leaves_out_everything(self) -> bool:
        """Whether there is simulated data that the fields leave out."""
        return self._scope.simulated_rows > 0 and not self.simulated.isChecked()

    def _bounds(self) -> tuple[int | None, int | None]:
        if self._range.checkedId() == _VISIBLE:
            return self._scope.visible_from_us, None
        if self._range.checkedId() == _ALL:
            return None, None
        return _to_us(self.from_edit.dateTime()), _to_us(self.to_edit.dateTime()) + 999_999

    def _make_devices(self) -> QListWidget:
        devices = QListWidget()
        devices.setObjectName("dialog.export.devices")
        devices.setAccessibleName(self.tr("Devices"))
        for device in self._scope.devices:
            item = QListWidgetItem(plain(device.publisher_id))
            item.setData(Qt.ItemDataRole.UserRole, device.publisher_id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            devices.addItem(item)
        devices.ensurePolished()
        devices.setSpacing(3)
        devices.itemChanged.connect(self._report)
        return devices

    def _make_simulated(self) -> QCheckBox:
        rows = self._scope.simulated_rows
        box = QCheckBox(
            self.tr("Include simulated data (1 reading)")
            if rows == 1
            else self.tr("Include simulated data (%Ln readings)", "", rows)
        )
        box.setObjectName("dialog.export.simulated")
        box.setEnabled(self._scope.simulated_rows > 0)
        box.toggled.connect(self._report)
        return box

    def _moment(self, name: str, time_us: int) -> QDateTimeEdit:
        edit = QDateTimeEdit(QDateTime.fromMSecsSinceEpoch(time_us // 1000))
        edit.setObjectName(name)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        edit.setCalendarPopup(True)
        calm_calendar(edit.calendarWidget())
        edit.dateTimeChanged.connect(self._choose_custom)
        return edit

    def _report(self, *_: object) -> None:
        self.rows_changed.emit()

    def _choose_custom(self) -> None:
        if self._range.checkedId() == _CUSTOM:
            self.rows_changed.emit()
        else:
            self._range.button(_CUSTOM).setChecked(True)

    def _build(self, notes: Sequence[QLabel]) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(20, 16, 20, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget | QHBoxLayout | QVBoxLayout], ...] = (
            (self.tr("Devices"), self.devices),
            (self.tr("Range"), self._range_rows()),
            ("", self.simulated),
            (self.tr("File"), self._path_row()),
            *(("", note) for note in notes),
        )
        for number, (title, content) in enumerate(rows):
            label = QLabel(title)
            set_look(label, class_="muted")
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            grid.addWidget(label, number, 0, align)
            if isinstance(content, QWidget):
                grid.addWidget(content, number, 1)
            else:
                grid.addLayout(content, number, 1)

    def _range_rows(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(4)
        texts = {
            _VISIBLE: self.tr("What the Live page shows"),
            _ALL: self.tr("All stored readings"),
            _CUSTOM: self.tr("From"),
        }
        custom = QHBoxLayout()
        custom.setSpacing(8)
        for number, text in texts.items():
            button = QRadioButton(text)
            button.setObjectName(f"dialog.export.range.{_RANGE_NAMES[number]}")
            self._range.addButton(button, number)
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
        visible = self._scope.visible_from_us is not None
        self._range.button(_VISIBLE if visible else _ALL).setChecked(True)
        self._range.idToggled.connect(self._on_range)
        return column

    def _on_range(self, _number: int, checked: bool) -> None:
        if checked:
            self.rows_changed.emit()

    def _path_row(self) -> QHBoxLayout:
        self.path.setObjectName("dialog.export.path")
        self.path.setAccessibleName(self.tr("File"))
        self.path.textChanged.connect(self.path_changed)
        self.path.editingFinished.connect(self.complete_path)
        browse = QPushButton(self.tr("Browse…"))
        browse.setObjectName("dialog.export.browse")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.path, 1)
        row.addWidget(browse)
        return row

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export CSV"), self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("CSV files (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()


def _to_us(moment: QDateTime) -> int:
    return moment.toMSecsSinceEpoch() * 1000


def _documents() -> Path:
    """The user's documents; whether the folder is there is for a job to find out."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents) if documents else Path.home()


def _suggested_name(scope: ExportScope) -> str:
    """A file named after the device and the day."""
    name = scope.focus if scope.focus and len(scope.devices) == 1 else "harit"
    safe = "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:40]
    day = QDateTime.fromMSecsSinceEpoch(scope.now_us // 1000).toString("yyyy-MM-dd")
    return f"{safe}_{day}.csv"
