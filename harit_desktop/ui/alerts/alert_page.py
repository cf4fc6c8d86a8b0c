"""The Alerts page: filter, table, and the detail pane below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QDesktopServices,
    QGuiApplication,
    QHideEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.alert import Alert, AlertBoard, AlertRule, AlertState
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.alerts.alert_detail import AlertDetail
from harit_desktop.ui.alerts.alert_filter import Shown
from harit_desktop.ui.alerts.alert_model import AlertModel, Column, column_title
from harit_desktop.ui.alerts.alert_words import without_members
from harit_desktop.ui.alerts.filter_bar import FilterBar
from harit_desktop.ui.device_names import device_label
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.message_banner import BannerButton
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look

_TABLE_MIN_HEIGHT_PX = 110
_DETAIL_MIN_HEIGHT_PX = 140
_SHARES = (1000, 710)
"""Heights of table and detail pane before somebody moves what is between them."""
_WIDTHS_PX = {
    Column.SEVERITY: 112,
    Column.DEVICE: 118,
    Column.CHANNEL: 118,
    Column.STARTED: 118,
    Column.DURATION: 136,
    Column.ACKNOWLEDGED: 176,
}
_LEAST_PX = {
    Column.SEVERITY: 96,
    Column.DEVICE: 104,
    Column.CHANNEL: 98,
    Column.WHAT: 210,
    Column.STARTED: 106,
    Column.DURATION: 130,
    Column.ACKNOWLEDGED: 150,
}
_GIVE_WAY = (Column.ACKNOWLEDGED, Column.DURATION, Column.CHANNEL)
"""Columns that a narrow page leaves to the detail pane, the first of them first."""


class AlertPage(QWidget):
    """`page.alerts`. Shows what it is given, and says what somebody asks for."""

    acknowledge_asked = Signal(object)
    """The ids, a tuple."""
    mute_asked = Signal(int)
    note_entered = Signal(int, str)
    seen = Signal(object)
    """Ids of alerts that are over, and were looked at."""
    history_asked = Signal(str, object, object)
    rules_asked = Signal()
    export_asked = Signal(object, object)
    """The file, and the device's id, None for all."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page.alerts")
        self.setAccessibleName(self.tr("Alerts"))
        self._theme = theme
        self._board: dict[int, Alert] = {}
        self._stored: dict[int, Alert] = {}
        self._book = DeviceBook()
        self._rules: Mapping[str, AlertRule] = {}
        self._limits: ProfileLimits = {}
        self._devices: tuple[str, ...] = ()
        self._now_us = 0
        self._chosen: int | None = None
        self._sized_for = (0.0, 0)
        self._laying_out = self._stale = False
        self.model = AlertModel(theme.tokens, self)
        self.bar = FilterBar(theme)
        self.table = self._make_table()
        self.detail = AlertDetail(theme)
        self._empty = sentences("label.alerts.empty", "muted")
        self._result = sentences("label.alerts.export", "dense")
        self._folder = BannerButton(self.tr("Open folder"))
        self._build()
        self._connect()
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show_empty()

    # -- what is shown -------------------------------------------------------------------

    def set_board(self, board: AlertBoard, now_us: int) -> None:
        """Takes what is open now."""
        before = self._board
        self._board = {alert.id: alert for alert in board.alerts}
        for gone in before.keys() - self._board.keys():
            # Until the store is asked again, it stays as it was last known, but open no more.
            self._stored.setdefault(gone, before[gone])
        self._now_us = now_us
        self.bar.set_open(len(without_members(self._board.values())))
        self._show_alerts()

    def set_stored(self, alerts: Iterable[Alert]) -> None:
        """Takes what the store holds, over or not."""
        self._stored = {alert.id: alert for alert in alerts}
        self._show_alerts()

    def set_context(
        self,
        book: DeviceBook,
        rules: Sequence[AlertRule],
        limits: ProfileLimits,
        devices: Sequence[str],
    ) -> None:
        """Takes names, rules, the profile's limits and the ids of the devices."""
        if book != self._book:
            self._book = book
            self.model.set_book(book)
        self._rules = {rule.id: rule for rule in rules}
        self._limits, self._devices = limits, tuple(devices)
        self._show_devices()
        self._show_detail()

    def set_now(self, now_us: int) -> None:
        """Lets durations go on; about once a second."""
        self._now_us = now_us
        if self._stale:
            self._stale = False
            self._filter()
        self.model.set_now(now_us)
        self._show_detail()

    def show_open(self) -> None:
        """What the button in the toolbar leads to."""
        self.bar.show_state(Shown.OPEN)

    def show_alert(self, alert_id: int) -> None:
        """Chooses an alert, whatever the filter says."""
        self.model.kept = self._chosen = alert_id
        self._filter()

    def show_export(self, text: str, severity: str, folder: Path | None = None) -> None:
        """Says what became of an export; an empty text takes the line away."""
        self._result.setText(text)
        self._result.setAccessibleName(text)
        set_look(self._result, severity=severity)
        self._folder.setVisible(folder is not None)
        self._folder.setProperty("folder", "" if folder is None else str(folder))
        self._result_row.setVisible(bool(text))

    def focus_filter(self) -> None:
        self.bar.edit.setFocus()
        self.bar.edit.selectAll()

    @property
    def selected(self) -> tuple[Alert, ...]:
        """The chosen rows, from top to bottom."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self.model.alert_at(row) for row in rows)

    def acknowledge_selected(self) -> None:
        """What the button and the key do: nothing where there is nothing new among them."""
        ids = tuple(alert.id for alert in self.selected if _is_new(alert))
        if ids:
            self.acknowledge_asked.emit(ids)

    def mute_selected(self) -> None:
        alert = self.detail.alert
        if alert is not None and alert.ended_us is None and not alert.is_muted(self._now_us):
            self.mute_asked.emit(alert.id)

    # -- details -------------------------------------------------------------------------

    def _show_alerts(self) -> None:
        self._laying_out = True
        self.model.set_alerts({**self._stored, **self._board}.values(), self._now_us)
        self._laying_out = False
        self._show_devices()
        self._choose_row()

    def _filter(self) -> None:
        self._laying_out = True
        self.model.set_filter(self.bar.filter)
        self._laying_out = False
        self._choose_row()

    def _choose_row(self) -> None:
        """After a change: the same alert where it is shown, else the first."""
        row = self.model.row_of(self._chosen)
        current = self.table.currentIndex()
        if self.model.rowCount() == 0:
            self._choose(None)
        elif row is None:
            self._select(0)
        elif not current.isValid() or current.row() != row or not self.selected:
            self._select(row)
        self._show_detail()
        self._show_empty()
        self._show_buttons()

    def _select(self, row: int) -> None:
        """One row alone: `selectRow` would add it while somebody holds Ctrl."""
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().setCurrentIndex(
            self.model.index(row, 0), flags.ClearAndSelect | flags.Rows
        )

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if self._laying_out:
            return
        self._choose(self.model.alert_at(current.row()) if current.isValid() else None)
        self._show_detail()

    def _choose(self, alert: Alert | None) -> None:
        chosen = None if alert is None else alert.id
        if chosen == self._chosen:
            return
        self._leave()
        self._chosen = self.model.kept = chosen
        # The row that was kept goes a moment later, not while the table changes its own.
        self._stale = True

    def _leave(self) -> None:
        """What is over and was shown here has been seen once somebody goes on."""
        left = None if self._chosen is None else self._board.get(self._chosen)
        if left is not None and left.state is AlertState.ENDED_NEW and self.isVisible():
            self.seen.emit((left.id,))

    def _show_detail(self) -> None:
        if not self.isVisible():
            # The first chart brings numpy, and a hidden page has none to show.
            return
        alert = None if self._chosen is None else self.model.find(self._chosen)
        if alert is not None and self.model.row_of(alert.id) is None:
            alert = None
        members = [] if alert is None or not alert.flood else self.model.members_of(alert)
        lines = [
            self.tr("{device}, {channel}: {what}").format(
                device=self.model.text(one, Column.DEVICE),
                channel=self.model.text(one, Column.CHANNEL),
                what=self.model.text(one, Column.WHAT),
            )
            for one in members
        ]
        self.detail.show_alert(alert, self._book, self._now_us, self._rules, self._limits, lines)

    def _show_devices(self) -> None:
        ids = {*self._devices, *(a.publisher_id for a in self._board.values())} - {""}
        ids |= {alert.publisher_id for alert in self._stored.values()} - {""}
        names = {one: device_label(self._book, one) for one in ids}
        self.bar.set_devices(dict(sorted(names.items(), key=lambda item: item[1].casefold())))

    def _show_empty(self) -> None:
        empty = self.model.rowCount() == 0
        self._empty.setVisible(empty)
        if not empty:
            return
        if self.model.total == 0:
            text = self.tr("No alerts. What breaks a rule is listed here as long as it is open.")
        elif self.model.filter.shown is Shown.OPEN and not self.model.filter.text:
            text = self.tr("No open alerts. Those that are over are under All.")
        else:
            text = self.tr("No alert matches the filter.")
        self._empty.setText(text)

    def _show_buttons(self) -> None:
        self.bar.acknowledge.setEnabled(any(map(_is_new, self.selected)))

    # -- the widgets ---------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setObjectName("table.alerts")
        table.setAccessibleName(self.tr("Alerts"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
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
        header.setSectionResizeMode(Column.WHAT, QHeaderView.ResizeMode.Stretch)
        table.setMinimumHeight(_TABLE_MIN_HEIGHT_PX)
        copy = QAction(self.tr("Copy"), table)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy_rows)
        table.addAction(copy)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return table

    def _build(self) -> None:
        self._result_row = QFrame()
        set_look(self._result_row, class_="bar")
        row = QHBoxLayout(self._result_row)
        row.setContentsMargins(12, 5, 12, 5)
        row.addWidget(self._result, 1)
        self._folder.setObjectName("button.alerts.openFolder")
        set_look(self._folder, class_="link")
        close = BannerButton(self.tr("Close"))
        close.setObjectName("button.alerts.export.close")
        set_look(close, class_="link")
        close.clicked.connect(lambda: self.show_export("", ""))
        row.addWidget(self._folder)
        row.addWidget(close)
        self._result_row.hide()
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cover = QVBoxLayout(self.table.viewport())
        cover.addWidget(self._empty)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("splitter.alerts")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.detail)
        self.splitter.setSizes(list(_SHARES))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self._result_row)
        column.addWidget(self.splitter, 1)
        # As it is seen from top to bottom; made was the detail pane before the table.
        self.tab_parts = (self.bar, self._result_row, self.table, self.detail)

    def _connect(self) -> None:
        bar, detail = self.bar, self.detail
        bar.changed.connect(self._refilter)
        bar.acknowledge_asked.connect(self.acknowledge_selected)
        bar.rules_asked.connect(self.rules_asked)
        bar.export_asked.connect(self._ask_file)
        selection = self.table.selectionModel()
        selection.currentRowChanged.connect(self._current_changed)
        selection.selectionChanged.connect(lambda *_: self._show_buttons())
        detail.acknowledge_asked.connect(lambda one: self.acknowledge_asked.emit((one,)))
        detail.mute_asked.connect(self.mute_asked)
        detail.note_entered.connect(self.note_entered)
        detail.history_asked.connect(self.history_asked)
        self._folder.clicked.connect(self._open_folder)

    def _refilter(self) -> None:
        """A person asked for something else: nothing is kept beyond it."""
        self.model.kept = None
        self._filter()

    def _ask_file(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export alerts"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("CSV files (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("harit-alerts.csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(
            lambda path: self.export_asked.emit(Path(path), self.bar.filter.publisher_id)
        )
        dialog.open()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder.property("folder"))))

    def _copy_rows(self) -> None:
        lines = [
            "\t".join(self.model.text(alert, column) for column in Column)
            for alert in self.selected
        ]
        titles = "\t".join(column_title(column) for column in Column)
        QGuiApplication.clipboard().setText("\n".join([titles, *lines]))

    def _size_columns(self) -> None:
        """The usual widths, less where there is no room for what happened. Between two changes
        of text size or page width the columns are the user's."""
        wanted = (self._theme.text_scale, self.width())
        if wanted == self._sized_for:
            return
        self._sized_for = wanted
        shown = set(Column)
        for column in _GIVE_WAY:
            if sum(scaled(_LEAST_PX[one]) for one in shown) > self.width():
                shown.remove(column)
        fixed = [column for column in _WIDTHS_PX if column in shown]
        least = sum(scaled(_LEAST_PX[one]) for one in shown)
        spread = sum(scaled(_WIDTHS_PX[one] - _LEAST_PX[one]) for one in fixed)
        share = min(1.0, max(0.0, (self.width() - least) / max(1, spread)))
        header = self.table.horizontalHeader()
        for column in Column:
            header.setSectionHidden(column, column not in shown)
        for column in fixed:
            more_px = (_WIDTHS_PX[column] - _LEAST_PX[column]) * share
            header.resizeSection(column, scaled(round(_LEAST_PX[column] + more_px)))

    def _restyle(self) -> None:
        self.model.set_tokens(self._theme.tokens)
        self._size_columns()
        self.detail.setMinimumHeight(scaled(_DETAIL_MIN_HEIGHT_PX))
        row_px = round(SIZES.table_row_height * max(1.0, self._theme.text_scale))
        self.table.verticalHeader().setDefaultSectionSize(row_px)

    # -- Qt ------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size_columns()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_detail()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        left = None if self._chosen is None else self._board.get(self._chosen)
        if left is not None and left.state is AlertState.ENDED_NEW and not event.spontaneous():
            self.seen.emit((left.id,))


def _is_new(alert: Alert) -> bool:
    return alert.state in (AlertState.ACTIVE_NEW, AlertState.ENDED_NEW)
