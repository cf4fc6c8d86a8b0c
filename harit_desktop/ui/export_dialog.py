"""The export dialog: which readings, what kind of file, its first rows; then the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.export import ExportFormat, ExportPreview
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.export_fields import ExportFields, ExportScope
from harit_desktop.ui.export_preview import PreviewTable
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
__all__ = ["ExportDialog", "ExportScope"]

_SIZE_PX = (1000, 680)
_LEAST_FIELDS_PX = 200
SERVER = "server."


@dataclass(frozen=True)
class Found:
    """What stands at a path now."""

    exists: bool = False
    has_folder: bool = True


def look_at(path: Path) -> Found:
    """Blocks on a slow drive: for the pool of files."""
    return Found(path.is_file(), path.parent.is_dir())


class ExportDialog(QDialog):
    """Counts before it writes, writes in the query pool, and never holds up the window.

    Closing the dialog, or Cancel, ends a running export; a file that was to be replaced
    then stays as it was.
    """

    def __init__(self, engine: Engine, scope: ExportScope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._counting: QueryHandle[int] | None = None
        self._previewing: QueryHandle[ExportPreview] | None = None
        self._counted: int | None = None
        self._writing: QueryHandle[int] | None = None
        self._written_to: Path | None = None
        self._looking: QueryHandle[Found] | None = None
        self._saved = False
        self.setObjectName("dialog.export")
        self.setWindowTitle(self.tr("Export readings"))
        self.setAccessibleName(self.tr("Export readings"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.preview = PreviewTable()
        self._rows = self.preview.rows
        self._exists = QLabel(self.tr("▲ This file exists and would be replaced."))
        self.fields = ExportFields(scope, engine.book)
        self._result = dialog_parts.sentences("dialog.export.result")
        self._progress = QProgressBar()
        self._open_folder = dialog_parts.button("dialog.export.openFolder", self.tr("Open folder"))
        self._cancel = dialog_parts.button("dialog.export.cancel")
        self.save = QPushButton(self.tr("Save"))
        self._build()
        self.fields.devices.setFocus()
        self._count()
        self._look()

    def poll(self) -> None:
        """Takes counts, progress and the end of the writing; called by the frame clock."""
        if self._counting is not None and self._counting.done:
            self._counted, self._counting = self._counting.value, None
            self._show_state()
        if self._previewing is not None and self._previewing.done:
            preview, self._previewing = self._previewing.value, None
            self.preview.show_preview(preview)
            self._show_size()
        if self._looking is not None and self._looking.done:
            found, self._looking = self._looking.value, None
            self._show_found(found or Found())
        if self._writing is None:
            return
        self._progress.setValue(round(self._writing.progress * 100))
        if self._writing.done:
            handle, self._writing = self._writing, None
            self._finish(handle)

    def done(self, result: int) -> None:
        """Ends a running export with the dialog."""
        for handle in (self._counting, self._previewing, self._looking, self._writing):
            if handle is not None:
                handle.cancel()
        super().done(result)

    # -- the work ----------------------------------------------------------------------

    def _count(self, *_: object) -> None:
        self._counted = None
        self._counting = self._engine.jobs.count_export(self.fields.request())
        self._preview()

    def _preview(self) -> None:
        """Asks for the first rows anew; the same rows may look different."""
        if self._saved:
            self._look()
        self._previewing = self._engine.jobs.preview_export(self.fields.request())
        self._result.hide()
        self._open_folder.hide()
        self._show_state()

    def _look(self) -> None:
        """Asks whether the file exists; a network drive may take its time to say so."""
        path = self.fields.file()
        self._saved = False
        self._result.hide()
        self._open_folder.hide()
        self._looking = self._engine.files.submit("export.path", lambda _: look_at(path))
        self._show_state()

    def _show_found(self, found: Found) -> None:
        self._exists.setVisible(found.exists and not self._saved)
        self.save.setText(self.tr("Replace") if found.exists else self.tr("Save"))
        if not found.has_folder:
            self.fields.folder_is_missing()

    def _start(self) -> None:
        self.fields.complete_path()
        request = self.fields.request()
        self._written_to = request.out
        self._progress.setValue(0)
        self._result.hide()
        self._open_folder.hide()
        self._writing = self._engine.jobs.export(request)
        self._show_state()

    def _finish(self, handle: QueryHandle[int]) -> None:
        problem = handle.problem
        if problem is not None and not handle.token.cancelled:
            self._show_problem(problem)
        elif handle.value is None or handle.token.cancelled:
            self._show_result(self.tr("Cancelled. No file was written."), "info")
        else:
            name = plain(str(self._written_to))
            text = (
                self.tr("Saved 1 row to {file}.")
                if handle.value == 1
                else self.tr("Saved %Ln rows to {file}.", "", handle.value)
            )
            self._show_result(text.format(file=name), "ok")
            self._open_folder.show()
            self._exists.hide()
            self._saved, self._looking = True, None
        self._show_state()

    def _show_problem(self, problem: Problem) -> None:
        if problem.code == "export.no_folder" and self._written_to is not None:
            problem = Problem(problem.code, {"path": str(self._written_to.parent)})
        self._show_result(self._sentences(problem), "crit")

    def _sentences(self, problem: Problem) -> str:
        if problem.code.startswith(SERVER):
            # What the banner says of it is about new readings, not about this file.
            return self.tr(
                "Nothing was exported: the database server does not answer. "
                "The file is unchanged; try again when it is back."
            )
        return problem_text(problem).sentences

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
        self._show_size()
        self._progress.setVisible(writing)
        self.fields.setEnabled(not writing)
        self.fields.file_row.setEnabled(not writing)
        self._cancel.setText(self._cancel_text())
        # What was saved needs no second click on the same button: Enter closes then.
        self.save.setVisible(not self._saved)
        self.save.setDefault(not self._saved)
        self._cancel.setDefault(self._saved)
        chosen = self.fields.has_devices() and not self.fields.scope.is_reversed()
        self.save.setEnabled(
            not writing and chosen and bool(self.fields.path.text().strip()) and self._counted != 0
        )

    def _show_size(self) -> None:
        rows = self._counted if self._counting is None else None
        workbook = self.fields.form.format() is ExportFormat.XLSX
        self.preview.show_size(rows, workbook=workbook)

    def _rows_text(self, rows: int) -> str:
        if self.fields.scope.is_reversed():
            return self.tr("No rows: the range ends before it begins.")
        if rows == 0 and self.fields.leaves_out_everything():
            return self.tr("No rows: simulated data is left out. Include it above if you want it.")
        return self.tr("1 row") if rows == 1 else self.tr("%Ln rows", "", rows)

    def _cancel_text(self) -> str:
        if self._writing is not None:
            return self.tr("Cancel")
        return self.tr("Done") if self._saved else self.tr("Close")

    def _cancel_or_close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
        else:
            self.reject()

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self._exists.setObjectName("dialog.export.exists")
        set_look(self._exists, class_="dense", severity="warn")
        self._exists.hide()
        self.fields.rows_changed.connect(self._count)
        self.fields.look_changed.connect(self._preview)
        self.fields.path_changed.connect(self._look)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        # The fields in it take the focus, and are scrolled to.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setMinimumHeight(scaled(_LEAST_FIELDS_PX))
        area.setWidget(self.fields)
        shown = QVBoxLayout()
        shown.setContentsMargins(20, 4, 20, 8)
        shown.setSpacing(8)
        shown.addWidget(self.fields.file_row)
        shown.addWidget(self._exists)
        shown.addWidget(self.preview)
        column = dialog_parts.edge_to_edge(self)
        column.addWidget(area, 1)
        column.addLayout(shown)
        column.addLayout(self._outcome_row())
        column.addWidget(self._make_footer())

    def _outcome_row(self) -> QHBoxLayout:
        self._progress.setObjectName("dialog.export.progress")
        self._progress.setAccessibleName(self.tr("Progress"))
        self._progress.setTextVisible(False)
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
        self._cancel.clicked.connect(self._cancel_or_close)
        self.save.setObjectName("dialog.export.save")
        self.save.setDefault(True)
        self.save.clicked.connect(self._start)
        return dialog_parts.footer(None, self._cancel, self.save)

    def _show_folder(self) -> None:
        if self._written_to is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written_to.parent)))
