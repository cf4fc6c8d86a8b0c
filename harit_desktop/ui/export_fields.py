"""The fields of the export dialog: what to export, how, and to which file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDateTime, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.export import ExportFormat, ExportRequest
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.export_form import FormFields
from harit_desktop.ui.export_scope import ExportScope, ScopeFields
from harit_desktop.ui.theme import set_look

__all__ = ["ExportFields", "ExportScope"]

_SUFFIXES = {f".{kind}" for kind in ExportFormat}


class ExportFields(QWidget):
    """What to export; `request` reads it. `file_row` is for the dialog to place.

    `rows_changed` tells that other rows are asked for, `look_changed` that the same rows are
    to be written in another way, `path_changed` that the file is another one.
    """

    rows_changed = Signal()
    look_changed = Signal()
    path_changed = Signal()

    def __init__(self, scope: ExportScope, book: DeviceBook) -> None:
        super().__init__()
        self._scope = scope
        self._calibrated = {calibration.publisher_id for calibration in book.calibrations}
        self.scope = ScopeFields(scope, book)
        self.form = FormFields()
        self.devices = self.scope.devices
        self.simulated = self.scope.simulated
        self.from_edit, self.to_edit = self.scope.from_edit, self.scope.to_edit
        self._folder = _documents()
        self._suggested = str(self._folder / _suggested_name(scope))
        self.path = QLineEdit(self._suggested)
        self.file_row = QWidget()
        self._fill_file_row()
        self._build()
        self._offer_corrected()
        self._offer_extras()

    def request(self) -> ExportRequest:
        """What the fields ask for."""
        from_us, to_us = self.scope.bounds()
        return self.form.fill(
            ExportRequest(
                out=self.file(),
                from_us=from_us,
                to_us=to_us,
                publisher_ids=self.scope.publisher_ids(),
                include_simulated=self.simulated.isChecked(),
            )
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

    def has_devices(self) -> bool:
        """Whether any is checked; before the first device is known, all count."""
        return self.devices.count() == 0 or bool(self.scope.chosen_devices())

    def leaves_out_everything(self) -> bool:
        """Whether there is simulated data that the fields leave out."""
        return self._scope.simulated_rows > 0 and not self.simulated.isChecked()

    def _on_rows(self) -> None:
        self._offer_corrected()
        self._offer_extras()
        self.rows_changed.emit()

    def _offer_corrected(self) -> None:
        """Corrected values come along where a chosen device was calibrated."""
        if self.devices.count() == 0:
            there = bool(self._calibrated)
        else:
            there = not self._calibrated.isdisjoint(self.scope.chosen_devices())
        self.form.offer_corrected(there)

    def _offer_extras(self) -> None:
        """Extra channels come along where a chosen device has any."""
        chosen = set(self.scope.chosen_devices())
        alone = self.devices.count() == 0
        self.form.offer_extras(
            any(
                device.extras and (alone or device.publisher_id in chosen)
                for device in self._scope.devices
            )
        )

    def _on_look(self) -> None:
        self._fit_suffix()
        self.look_changed.emit()

    def _fit_suffix(self) -> None:
        """Gives the file the ending of its kind, unless a person chose one of their own."""
        text = self.path.text().strip()
        suffix = f".{self.form.format()}"
        path = Path(text)
        if text and path.suffix in _SUFFIXES and path.suffix != suffix:
            is_suggested = text == self._suggested
            fitted = str(path.with_suffix(suffix))
            if is_suggested:
                self._suggested = fitted
            self.path.setText(fitted)

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self.scope.changed.connect(self._on_rows)
        self.form.rows_changed.connect(self.rows_changed)
        self.form.changed.connect(self._on_look)
        halves = QHBoxLayout()
        halves.setSpacing(20)
        halves.addWidget(self.scope, 1)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        set_look(line, class_="line")
        halves.addWidget(line)
        halves.addWidget(self.form, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 8)
        column.setSpacing(8)
        column.addLayout(halves, 1)

    def _fill_file_row(self) -> None:
        self.path.setObjectName("dialog.export.path")
        self.path.textChanged.connect(self.path_changed)
        self.path.editingFinished.connect(self.complete_path)
        browse = dialog_parts.button("dialog.export.browse", self.tr("Browse…"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout(self.file_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        title: QLabel = dialog_parts.title_of(self.path, self.tr("File"))
        row.addWidget(title)
        row.addWidget(self.path, 1)
        row.addWidget(browse)

    def _browse(self) -> None:
        kind = self.form.format()
        filters = {
            ExportFormat.CSV: self.tr("CSV files (*.csv)"),
            ExportFormat.JSON: self.tr("JSON files (*.json)"),
            ExportFormat.XLSX: self.tr("Excel workbooks (*.xlsx)"),
        }
        dialog = QFileDialog(self.window(), self.tr("Export readings"), self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(filters[kind])
        dialog.setDefaultSuffix(kind.value)
        dialog.fileSelected.connect(self.path.setText)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


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
