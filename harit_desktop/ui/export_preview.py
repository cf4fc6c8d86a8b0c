"""The head of the file that an export would write: five rows, how many there are, what size."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.export import MAX_SHEET_ROWS, ExportPreview, sheets_for
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import plain

_ROWS = 5
_MOST_WIDTH_PX = 280
_ROW_PX = 24


class PreviewTable(QWidget):
    """`rows` is the label for the number of rows, which the dialog counts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = QLabel()
        self.rows.setObjectName("dialog.export.preview")
        set_look(self.rows, class_="strong")
        self.size_text = QLabel()
        self.size_text.setObjectName("dialog.export.size")
        set_look(self.size_text, class_="muted")
        self.table = self._make_table()
        self._row_bytes = 0.0
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.rows)
        line.addWidget(self.size_text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.table)

    def show_preview(self, preview: ExportPreview | None) -> None:
        """Fills the table; None where there is nothing to show."""
        table = self.table
        self._row_bytes = preview.row_bytes if preview is not None else 0.0
        header = preview.header if preview is not None else ()
        table.setColumnCount(len(header))
        table.setRowCount(len(preview.rows) if preview is not None else 0)
        table.setHorizontalHeaderLabels(list(header))
        for row, cells in enumerate(preview.rows if preview is not None else ()):
            for column, cell in enumerate(cells):
                table.setItem(row, column, QTableWidgetItem(plain(cell)))
        table.resizeColumnsToContents()
        for column in range(len(header)):
            if table.columnWidth(column) > scaled(_MOST_WIDTH_PX):
                table.setColumnWidth(column, scaled(_MOST_WIDTH_PX))

    def show_size(self, rows: int | None, *, workbook: bool) -> None:
        """What so many rows take on the disk, about, and what an Excel file does with them."""
        if not rows or not self._row_bytes:
            self.size_text.setText("")
            return
        size = QLocale().formattedDataSize(
            round(rows * self._row_bytes), 1, QLocale.DataSizeFormat.DataSizeSIFormat
        )
        text = self.tr("about {size}").format(size=size)
        if workbook and rows > MAX_SHEET_ROWS:
            text = self.tr(
                "about {size}, on {count} sheets: Excel takes {most} rows on one"
            ).format(size=size, count=sheets_for(rows), most=QLocale().toString(MAX_SHEET_ROWS))
        self.size_text.setText(text)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget()
        table.setObjectName("dialog.export.sample")
        table.setAccessibleName(self.tr("The first rows of the file"))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(scaled(_ROW_PX))
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # In a low window the fields need the room more.
        table.setMinimumHeight(scaled(_ROW_PX) * 3 + scaled(24))
        table.setMaximumHeight(scaled(_ROW_PX) * (_ROWS + 1) + scaled(24))
        return table
