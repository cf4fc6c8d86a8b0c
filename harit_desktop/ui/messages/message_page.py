"""The Messages page: counters, filter, pause and the table of the message log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.status import Counters
from harit_desktop.ui.icons import icon
from harit_desktop.ui.messages.message_filter import has_word, parse_filter, with_word
from harit_desktop.ui.messages.message_log import MessageLog
from harit_desktop.ui.messages.message_model import Column, MessageModel
from harit_desktop.ui.messages.payload_panel import PayloadPanel
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.words import count
from harit_desktop.ui.wrapping_bar import WrappingBar

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
FILTER_DELAY_MS = 150
HEARD_WORD = "result:heard"
_FILTER_PX = 280
_FILTER_MIN_PX = 130
_TABLE_MIN_HEIGHT_PX = 150
_DATED_TIME_PX = 144
_TIME_PX = 98
_WIDTHS_PX = {
    Column.SOURCE: 78,
    Column.TOPIC: 150,
    Column.DEVICE: 112,
    Column.QOS: 40,
    Column.RETAINED: 64,
    Column.RESULT: 150,
    Column.SIZE: 50,
}
_SPARE = (Column.QOS, Column.RETAINED, Column.SIZE)
_ROOMY_PX = 860


class MessagePage(QWidget):
    """Every message with its result. `payload_panel` shows the chosen one beside the page."""

    paused_changed = Signal(bool)

    def __init__(
        self, engine: Engine, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page.messages")
        self.setAccessibleName(self.tr("Messages"))
        self.payload_panel = PayloadPanel(engine)
        self.model = MessageModel(theme.tokens, parent=self)
        self._log = MessageLog(engine, self.model)
        self._theme = theme
        self._sized_for = (0.0, False)
        self._counters = Counters()
        self.table = self._make_table()
        self.filter_edit = self._make_filter()
        self.heard_button = self._make_heard()
        self.pause_button = self._make_pause()
        self._counts = {name: self._make_count(name) for name in _COUNTERS}
        self._empty = QLabel(self.table.viewport())
        self._build()
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_counters(Counters())

    def set_active(self, active: bool) -> None:
        """Whether the page is the one on screen; a hidden page catches up once a second."""
        self._log.active = active

    def poll(self, now_us: int, new_second: bool) -> None:
        """Takes new lines and a payload that has arrived; called by the frame clock."""
        bar = self.table.verticalScrollBar()
        top_row = bar.value()
        added = self._log.poll(new_second)
        if top_row > 0 and added > 0:
            # Who reads further down keeps the lines under his eyes; the new rows count for
            # the scroll bar only once they are laid out.
            self.table.doItemsLayout()
            bar.setValue(top_row + added)
        if new_second:
            self.model.set_now(now_us)
        self._size_columns()
        self._fit_columns()
        self._show_pause()
        self._show_empty()
        self.payload_panel.poll()

    def set_counters(self, counters: Counters) -> None:
        """Shows what was received since the start and what became of it."""
        if counters == self._counters and self._counts["received"].text():
            return
        self._counters = counters
        texts = {
            "received": self.tr("{count} received"),
            "stored": self.tr("{count} stored"),
            "duplicates": self.tr("{count} duplicate"),
            "rejected": self.tr("{count} rejected"),
            "not_mapped": self.tr("{count} not mapped"),
        }
        for name, label in self._counts.items():
            value = getattr(counters, name)
            label.setText(texts[name].format(count=count(value)))
            label.setVisible(name != "not_mapped" or value > 0)
            set_look(label, severity="warn" if name == "rejected" and value else "")

    def reload(self) -> None:
        """Reads the list from the store again, where lines were deleted."""
        self._log.reload()

    def place_payload(self, panel: QWidget) -> None:
        """Takes the payload below the table, where there is no room beside it."""
        self._splitter.addWidget(panel)
        self._splitter.setSizes([1000, 1000])

    def focus_filter(self) -> None:
        self.filter_edit.setFocus()
        self.filter_edit.selectAll()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setObjectName("table.messages")
        table.setAccessibleName(self.tr("Messages"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setCornerButtonEnabled(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setMinimumSectionSize(0)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(Column.RESULT, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(self._choose)
        copy = QAction(self.tr("Copy"), table)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy_rows)
        table.addAction(copy)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return table

    def _make_filter(self) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName("edit.messages.filter")
        edit.setAccessibleName(self.tr("Filter messages"))
        edit.setPlaceholderText(self.tr("Filter by text, topic:  device:  result:"))
        edit.setToolTip(
            self.tr("For example: canal result:rejected device:soil-02 topic:harit-samarth")
        )
        edit.setClearButtonEnabled(True)
        self._search = edit.addAction(
            icon("search", self._theme.tokens), QLineEdit.ActionPosition.LeadingPosition
        )
        self._filter_timer = QTimer(self)
        self._filter_timer.setSingleShot(True)
        self._filter_timer.setInterval(FILTER_DELAY_MS)
        self._filter_timer.timeout.connect(self._apply_filter)
        edit.textChanged.connect(self._filter_timer.start)
        return edit

    def _make_heard(self) -> QPushButton:
        """The chip for what other programs send; it and the filter line say the same."""
        button = QPushButton(self.tr("Other programs"))
        button.setObjectName("button.messages.heard")
        button.setCheckable(True)
        button.setToolTip(self.tr("Shows only what other programs send: analyses and status"))
        button.clicked.connect(
            lambda on: self.filter_edit.setText(with_word(self.filter_edit.text(), HEARD_WORD, on))
        )
        self.filter_edit.textChanged.connect(
            lambda text: button.setChecked(has_word(text, HEARD_WORD))
        )
        return button

    def _make_pause(self) -> QPushButton:
        button = QPushButton(self.tr("Pause"))
        button.setObjectName("button.messages.pause")
        button.setCheckable(True)
        button.setToolTip(self.tr("Stops the list, never the recording"))
        button.toggled.connect(self._set_paused)
        return button

    def _make_count(self, name: str) -> ElidedLabel:
        label = ElidedLabel()
        label.setObjectName(f"messages.count.{name}")
        set_look(label, class_="dense muted")
        return label

    def _build(self) -> None:
        bar = WrappingBar()
        bar.tools.addWidget(self.filter_edit, 1)
        bar.tools.addWidget(self.heard_button)
        bar.tools.addWidget(self.pause_button)
        bar.tools.addStretch()
        for label in self._counts.values():
            bar.facts.addWidget(label)
            bar.facts.addSpacing(8)
        bar.facts.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.table)
        self.table.setMinimumHeight(_TABLE_MIN_HEIGHT_PX)
        column.addWidget(self._splitter, 1)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        set_look(self._empty, class_="muted")
        cover = QVBoxLayout(self.table.viewport())
        cover.addWidget(self._empty)

    def _set_paused(self, paused: bool) -> None:
        self._log.paused = paused
        self._show_pause()
        self.paused_changed.emit(paused)

    def _show_pause(self) -> None:
        if not self._log.paused:
            text = self.tr("Pause")
        elif self._log.waiting:
            text = self.tr("Resume ({count} new)").format(count=count(self._log.waiting))
        else:
            text = self.tr("Resume")
        if text != self.pause_button.text():
            self.pause_button.setText(text)
            self.pause_button.setAccessibleName(text)

    def _show_empty(self) -> None:
        self._empty.setVisible(self.model.rowCount() == 0)
        if self.model.rowCount() == 0:
            self._empty.setText(
                self.tr("No message matches the filter.")
                if self.model.total_rows
                else self.tr("No messages yet. Each message that arrives is listed here.")
            )

    def _apply_filter(self) -> None:
        chosen = self.table.currentIndex()
        kept = self.model.record_at(chosen.row()).id if chosen.isValid() else None
        self.model.set_filter(parse_filter(self.filter_edit.text()))
        row = None if kept is None else self.model.row_of(kept)
        if row is not None:
            self.table.selectRow(row)
        self._show_empty()

    def _choose(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not current.isValid():
            self.payload_panel.show_message(None, "")
            return
        record = self.model.record_at(current.row())
        self.payload_panel.show_message(record, self.model.result_text(record))

    def _copy_rows(self) -> None:
        lines = []
        for index in sorted(self.table.selectionModel().selectedRows(), key=QModelIndex.row):
            record = self.model.record_at(index.row())
            lines.append("\t".join(self.model.text(record, column) for column in Column))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _size_columns(self) -> None:
        """The usual widths, once for a text size and for whether there are dates: between
        two such changes the columns are the user's."""
        wanted = (self._theme.text_scale, self.model.has_older_days)
        if wanted == self._sized_for:
            return
        rescaled, self._sized_for = wanted[0] != self._sized_for[0], wanted
        header = self.table.horizontalHeader()
        header.resizeSection(Column.TIME, scaled(_DATED_TIME_PX if wanted[1] else _TIME_PX))
        if rescaled:
            for column, width_px in _WIDTHS_PX.items():
                header.resizeSection(column, scaled(width_px))

    def _fit_columns(self) -> None:
        """Where there is little room it goes to what happened; the rest is said beside the
        payload."""
        is_narrow = self.table.viewport().width() < scaled(_ROOMY_PX)
        for column in _SPARE:
            if self.table.isColumnHidden(column) != is_narrow:
                self.table.setColumnHidden(column, is_narrow)

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self.model.set_tokens(tokens)
        self._size_columns()
        self._search.setIcon(icon("search", tokens))
        self.filter_edit.setMinimumWidth(scaled(_FILTER_MIN_PX))
        self.filter_edit.setMaximumWidth(scaled(_FILTER_PX))
        row_px = round(SIZES.table_row_height * max(1.0, self._theme.text_scale)) - 4
        self.table.verticalHeader().setDefaultSectionSize(row_px)


_COUNTERS = ("received", "stored", "duplicates", "rejected", "not_mapped")
