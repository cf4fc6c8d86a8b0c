"""The export dialog: which readings, which file, how many rows; then the file itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QStandardPaths, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDateTimeEdit,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.export import ExportRequest
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.theme import calm_calendar, set_look
from harit_desktop.ui.words import count, plain

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.engine_port import EnginePort

_SIZE_PX = (620, 460)


@dataclass(frozen=True)
class ExportScope:
    """What the window shows when the dialog opens; times in UTC microseconds."""

    visible_from_us: int | None
    now_us: int
    focus: str | None
    devices: Sequence[DeviceState]
    simulated_rows: int


class ExportDialog(QDialog):
    """Counts before it writes, writes in the query pool, and never holds up the window.

    Closing the dialog, or Cancel, ends a running export; a file that was to be replaced
    then stays as it was.
    """

    def __init__(
        self, engine: EnginePort, scope: ExportScope, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._scope = scope
        self._counting: QueryHandle[int] | None = None
        self._counted: int | None = None
        self._writing: QueryHandle[int] | None = None
        self._written_to: Path | None = None
        self._looking: QueryHandle[bool] | None = None
        self.setObjectName("dialog.export")
        self.setWindowTitle(self.tr("Export CSV"))
        self.setAccessibleName(self.tr("Export CSV"))
        self.resize(*_SIZE_PX)
        self.devices = self._make_devices()
        self.simulated = self._make_simulated()
        self.path = QLineEdit(str(_suggested_path(scope)))
        self._range = QButtonGroup(self)
        self._from = self._moment("dialog.export.from", scope.visible_from_us or scope.now_us)
        self._to = self._moment("dialog.export.to", scope.now_us)
        self._rows = QLabel()
        self._exists = QLabel(self.tr("▲ This file exists and would be replaced."))
        self._result = QLabel()
        self._progress = QProgressBar()
        self._open_folder = QPushButton(self.tr("Open folder"))
        self._cancel = QPushButton()
        self.save = QPushButton(self.tr("Save"))
        self._build()
        self._count()
        self._look()

    # -- reading the fields ------------------------------------------------------------

    def request(self) -> ExportRequest:
        """What the fields ask for."""
        from_us, to_us = self._bounds()
        chosen = self._chosen_devices()
        everything = len(chosen) == self.devices.count()
        return ExportRequest(
            out=Path(self.path.text().strip()),
            from_us=from_us,
            to_us=to_us,
            publisher_ids=None if everything else tuple(chosen),
            include_simulated=self.simulated.isChecked(),
        )

    def poll(self) -> None:
        """Takes counts, progress and the end of the writing; called by the frame clock."""
        if self._counting is not None and self._counting.done:
            self._counted, self._counting = self._counting.value, None
            self._show_state()
        if self._looking is not None and self._looking.done:
            exists, self._looking = bool(self._looking.value), None
            self._exists.setVisible(exists)
            self.save.setText(self.tr("Replace") if exists else self.tr("Save"))
        if self._writing is None:
            return
        self._progress.setValue(round(self._writing.progress * 100))
        if self._writing.done:
            handle, self._writing = self._writing, None
            self._finish(handle)

    def done(self, result: int) -> None:
        """Ends a running export with the dialog."""
        for handle in (self._counting, self._writing):
            if handle is not None:
                handle.cancel()
        super().done(result)

    # -- the work ----------------------------------------------------------------------

    def _bounds(self) -> tuple[int | None, int | None]:
        if self._range.checkedId() == _VISIBLE:
            return self._scope.visible_from_us, None
        if self._range.checkedId() == _ALL:
            return None, None
        return _to_us(self._from.dateTime()), _to_us(self._to.dateTime()) + 999_999

    def _chosen_devices(self) -> list[str]:
        items = (self.devices.item(row) for row in range(self.devices.count()))
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        ]

    def _count(self, *_: object) -> None:
        self._counted = None
        self._counting = self._engine.count_export(self.request())
        self._result.hide()
        self._open_folder.hide()
        self._show_state()

    def _look(self) -> None:
        """Asks whether the file exists; a network drive may take its time to say so."""
        path = Path(self.path.text().strip())
        self._looking = self._engine.queries.submit("export.path", lambda _: path.is_file())
        self._show_state()

    def _start(self) -> None:
        request = self.request()
        self._written_to = request.out
        self._progress.setValue(0)
        self._result.hide()
        self._open_folder.hide()
        self._writing = self._engine.export_csv(request)
        self._show_state()

    def _finish(self, handle: QueryHandle[int]) -> None:
        problem = handle.problem
        if problem is not None and not handle.token.cancelled:
            self._show_problem(problem)
        elif handle.value is None or handle.token.cancelled:
            self._show_result(self.tr("Cancelled. No file was written."), "info")
        else:
            name = plain(str(self._written_to))
            text = self.tr("Saved {count} rows to {file}.")
            self._show_result(text.format(count=count(handle.value), file=name), "ok")
            self._open_folder.show()
            self._look()
        self._show_state()

    def _show_problem(self, problem: Problem) -> None:
        text = problem_text(problem)
        joined = self.tr("{headline} {body}").format(headline=text.headline, body=text.body)
        self._show_result(joined, "crit")

    def _show_result(self, text: str, severity: str) -> None:
        self._result.setText(text)
        self._result.setAccessibleName(text)
        set_look(self._result, severity=severity)
        self._result.show()

    def _show_state(self) -> None:
        """Which parts can be used, and how many rows there are."""
        writing = self._writing is not None
        if self._counting is not None:
            self._rows.setText(self.tr("Counting rows…"))
        elif self._counted is None:
            self._rows.setText(self.tr("The rows could not be counted."))
        else:
            self._rows.setText(self._rows_text(self._counted))
        self._progress.setVisible(writing)
        self._fields.setEnabled(not writing)
        self._cancel.setText(self.tr("Cancel") if writing else self.tr("Close"))
        chosen = bool(self._chosen_devices())
        self.save.setEnabled(
            not writing and chosen and bool(self.path.text().strip()) and self._counted != 0
        )

    def _rows_text(self, rows: int) -> str:
        if rows == 0 and self._scope.simulated_rows and not self.simulated.isChecked():
            return self.tr("No rows: simulated data is left out. Include it above if you want it.")
        return self.tr("{count} rows").format(count=count(rows))

    def _cancel_or_close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
        else:
            self.reject()

    # -- the widgets -------------------------------------------------------------------

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
        devices.itemChanged.connect(self._count)
        return devices

    def _make_simulated(self) -> QCheckBox:
        box = QCheckBox(
            self.tr("Include simulated data ({count} readings)").format(
                count=count(self._scope.simulated_rows)
            )
        )
        box.setObjectName("dialog.export.simulated")
        box.setEnabled(self._scope.simulated_rows > 0)
        box.toggled.connect(self._count)
        return box

    def _moment(self, name: str, time_us: int) -> QDateTimeEdit:
        edit = QDateTimeEdit(QDateTime.fromMSecsSinceEpoch(time_us // 1000))
        edit.setObjectName(name)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        edit.setCalendarPopup(True)
        calm_calendar(edit.calendarWidget())
        edit.dateTimeChanged.connect(self._choose_custom)
        return edit

    def _choose_custom(self) -> None:
        if self._range.checkedId() == _CUSTOM:
            self._count()
        else:
            self._range.button(_CUSTOM).setChecked(True)

    def _build(self) -> None:
        self._fields = QWidget()
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(20, 16, 20, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget | QHBoxLayout | QVBoxLayout], ...] = (
            (self.tr("Devices"), self.devices),
            (self.tr("Range"), self._range_rows()),
            ("", self.simulated),
            (self.tr("File"), self._path_row()),
            ("", self._exists),
            ("", self._rows),
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
        self._exists.setObjectName("dialog.export.exists")
        set_look(self._exists, class_="dense", severity="warn")
        self._exists.hide()
        self._rows.setObjectName("dialog.export.preview")
        set_look(self._rows, class_="strong")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._fields, 1)
        column.addLayout(self._outcome_row())
        column.addWidget(self._make_footer())

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
        self._from.setAccessibleName(self.tr("From"))
        self._to.setAccessibleName(self.tr("To"))
        custom.addWidget(self._from)
        custom.addWidget(QLabel(self.tr("to")))
        custom.addWidget(self._to)
        custom.addStretch(1)
        column.addLayout(custom)
        visible = self._scope.visible_from_us is not None
        self._range.button(_VISIBLE if visible else _ALL).setChecked(True)
        self._range.idToggled.connect(self._on_range)
        return column

    def _on_range(self, _number: int, checked: bool) -> None:
        if checked:
            self._count()

    def _path_row(self) -> QHBoxLayout:
        self.path.setObjectName("dialog.export.path")
        self.path.setAccessibleName(self.tr("File"))
        self.path.textChanged.connect(self._look)
        browse = QPushButton(self.tr("Browse…"))
        browse.setObjectName("dialog.export.browse")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.path, 1)
        row.addWidget(browse)
        return row

    def _outcome_row(self) -> QHBoxLayout:
        self._result.setObjectName("dialog.export.result")
        self._result.setTextFormat(Qt.TextFormat.PlainText)
        self._result.setWordWrap(True)
        self._progress.setObjectName("dialog.export.progress")
        self._progress.setAccessibleName(self.tr("Progress"))
        self._progress.setTextVisible(False)
        self._open_folder.setAutoDefault(False)
        self._open_folder.setObjectName("dialog.export.openFolder")
        self._open_folder.clicked.connect(self._show_folder)
        row = QHBoxLayout()
        row.setContentsMargins(20, 4, 20, 12)
        row.setSpacing(8)
        row.addWidget(self._progress, 1)
        row.addWidget(self._result, 1)
        row.addWidget(self._open_folder)
        self._open_folder.hide()
        self._result.hide()
        return row

    def _make_footer(self) -> QFrame:
        footer = QFrame()
        set_look(footer, class_="footer")
        row = QHBoxLayout(footer)
        row.setContentsMargins(13, 8, 13, 8)
        row.setSpacing(8)
        row.addStretch(1)
        self._cancel.setObjectName("dialog.export.cancel")
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self._cancel_or_close)
        self.save.setObjectName("dialog.export.save")
        self.save.setDefault(True)
        self.save.clicked.connect(self._start)
        row.addWidget(self._cancel)
        row.addWidget(self.save)
        return footer

    def _browse(self) -> None:
        dialog = QFileDialog(self, self.tr("Export CSV"), self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("CSV files (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _show_folder(self) -> None:
        if self._written_to is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written_to.parent)))


_VISIBLE, _ALL, _CUSTOM = range(3)
_RANGE_NAMES = {_VISIBLE: "visible", _ALL: "all", _CUSTOM: "custom"}


def _to_us(moment: QDateTime) -> int:
    return moment.toMSecsSinceEpoch() * 1000


def _suggested_path(scope: ExportScope) -> Path:
    """A new file in the user's documents, named after the device and the day."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    folder = Path(documents) if documents and Path(documents).is_dir() else Path.home()
    name = scope.focus if scope.focus and len(scope.devices) == 1 else "harit"
    safe = "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:40]
    day = QDateTime.fromMSecsSinceEpoch(scope.now_us // 1000).toString("yyyy-MM-dd")
    return folder / f"{safe}_{day}.csv"
