"""The dialog behind Restore a backup…: which one, whether it is good, and what happens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from harit_desktop.domain.backup import MYSQL, SQLITE
from harit_desktop.runtime.commands import RestoreBackup
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count, moment_text, plain, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harit_desktop.domain.backup import StoredBackup
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

_SIZE_PX = (680, 460)
_WIDTHS_PX = (150, 80, 80)
_PATH_ROLE = Qt.ItemDataRole.UserRole
_KIND_ROLE = Qt.ItemDataRole.UserRole + 1
_DUMP_SUFFIXES = (".sql", ".gz")


class RestoreDialog(QDialog):
    """Lists the backups, checks the chosen one, and asks the engine to restore it.

    Listing and checking run in the pool of files, so that a slow drive holds nothing up.
    """

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._listing: QueryHandle[Sequence[StoredBackup]] | None = None
        self._checking: QueryHandle[int] | None = None
        self._checked: Path | None = None
        self.setObjectName("dialog.restore")
        self.setWindowTitle(self.tr("Restore a backup"))
        self.setAccessibleName(self.tr("Restore a backup"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.list = self._make_list()
        self._note = sentences("dialog.restore.note", "dense muted")
        self._result = sentences("dialog.restore.result", "dense")
        self._explained = sentences("dialog.restore.explained", "muted")
        self.confirm = QCheckBox()
        self.restore = dialog_parts.button("dialog.restore.restore", self.tr("Restore"))
        self._build()
        self._ask_list()

    def poll(self) -> None:
        """Takes the list and the verdict on a file; called by the frame clock."""
        if self._listing is not None and self._listing.done:
            handle, self._listing = self._listing, None
            self._show_list(handle)
        if self._checking is not None and self._checking.done:
            checked, self._checking = self._checking, None
            self._show_verdict(checked)

    def done(self, result: int) -> None:
        """Ends a running check with the dialog."""
        for handle in (self._listing, self._checking):
            if handle is not None:
                handle.cancel()
        super().done(result)

    def chosen(self) -> Path | None:
        """The file of the selected line."""
        item = self.list.currentItem()
        return item.data(0, _PATH_ROLE) if item is not None else None

    # -- the work ----------------------------------------------------------------------

    def _ask_list(self) -> None:
        engine = self._engine
        self._note.setText(self.tr("Looking for backups…"))
        self._listing = engine.files.submit("backups", lambda _: tuple(engine.backups.list()))
        self._show_state()

    def _show_list(self, handle: QueryHandle[Sequence[StoredBackup]]) -> None:
        if handle.problem is not None:
            self._say(self._note, problem_text(handle.problem).sentences, "crit")
            return
        for backup in sorted(handle.value or (), key=lambda found: -found.made_us):
            self._add(backup.path, backup.kind, self._columns(backup))
        empty = self.list.topLevelItemCount() == 0
        self._note.setText(self.tr("There is no backup yet.") if empty else "")
        self._note.setVisible(empty)
        first = self.list.topLevelItem(0)
        if first is not None and self.list.currentItem() is None:
            self.list.setCurrentItem(first)

    def _columns(self, backup: StoredBackup) -> list[str]:
        kinds = {SQLITE: self.tr("SQLite"), MYSQL: self.tr("MySQL")}
        return [
            moment_text(backup.made_us, time.time_ns() // 1000),
            size_text(backup.size_bytes),
            kinds.get(backup.kind, plain(backup.kind)),
            plain(backup.path.name),
        ]

    def _add(self, path: Path, kind: str, columns: list[str]) -> QTreeWidgetItem:
        item = QTreeWidgetItem(columns)
        item.setData(0, _PATH_ROLE, path)
        item.setData(0, _KIND_ROLE, kind)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.list.addTopLevelItem(item)
        return item

    def _check(self) -> None:
        """Reads the chosen file through, which for a large one takes a while."""
        path, engine = self.chosen(), self._engine
        self._checked = None
        self.confirm.setChecked(False)
        self._explain()
        if path is not None:
            self._say(self._result, self.tr("Checking {file}…").format(file=plain(path.name)))
            self._checking = engine.files.submit(
                "backup.check",
                lambda handle: engine.backups.check(path, lambda: handle.token.cancelled),
            )
        self._show_state()

    def _show_verdict(self, handle: QueryHandle[int]) -> None:
        if handle.value is not None:
            self._checked = self.chosen()
            text = (
                self.tr("This backup is good: it holds 1 reading.")
                if handle.value == 1
                else self.tr("This backup is good: it holds {n} readings.").format(
                    n=count(handle.value)
                )
            )
            self._say(self._result, text, "ok")
        elif handle.problem is not None:
            self._say(self._result, problem_text(handle.problem).sentences, "crit")
        self._show_state()

    def _explain(self) -> None:
        """What the chosen kind of backup replaces, and where the present readings go."""
        item = self.list.currentItem()
        if item is not None and item.data(0, _KIND_ROLE) == MYSQL:
            text = self.tr(
                "The backup takes the place of the readings on the database server. The present "
                "table is kept there under another name. Readings since the backup that this "
                "computer still holds are sent again; others are then only in that table. "
                "Recording goes on afterwards."
            )
            yes = self.tr("Yes, put this backup in the place of the readings on the server")
        else:
            text = self.tr(
                "The backup takes the place of the store on this computer. The present store is "
                "kept beside it under another name; readings since the backup are then only "
                "there. Recording goes on afterwards."
            )
            yes = self.tr("Yes, put this backup in the place of the present store")
        self._explained.setText(text)
        self.confirm.setText(yes)

    def _say(self, label: QLabel, text: str, severity: str = "") -> None:
        label.setText(text)
        label.setAccessibleName(text)
        set_look(label, severity=severity)
        label.show()

    def _show_state(self) -> None:
        good = self._checked is not None and self._checked == self.chosen()
        self.confirm.setEnabled(good)
        self.restore.setEnabled(good and self.confirm.isChecked())

    def _start(self) -> None:
        if self._checked is not None and self.confirm.isChecked():
            self._engine.submit(RestoreBackup(path=self._checked))
            self.accept()

    def _browse(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a backup"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.choose_file(Path(name)))
        dialog.open()

    def choose_file(self, path: Path) -> None:
        """Adds a file from elsewhere to the list and checks it."""
        rows = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        known = next((item for item in rows if item and item.data(0, _PATH_ROLE) == path), None)
        kind = MYSQL if path.suffix in _DUMP_SUFFIXES else ""
        shown = [self.tr("Other file"), "", "", plain(str(path))]
        item = known or self._add(path, kind, shown)
        self._note.hide()
        self.list.setCurrentItem(item)

    # -- the widgets -------------------------------------------------------------------

    def _make_list(self) -> QTreeWidget:
        made = QTreeWidget()
        made.setObjectName("dialog.restore.list")
        made.setAccessibleName(self.tr("Backups"))
        made.setHeaderLabels([self.tr("Made"), self.tr("Size"), self.tr("Kind"), self.tr("File")])
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setAllColumnsShowFocus(True)
        made.setTabKeyNavigation(False)
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = made.header()
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width_px in enumerate(_WIDTHS_PX):
            made.setColumnWidth(column, scaled(width_px))
        made.currentItemChanged.connect(self._check)
        return made

    def _build(self) -> None:
        self._explain()
        self.confirm.setObjectName("dialog.restore.confirm")
        self.confirm.toggled.connect(self._show_state)
        other = dialog_parts.button("dialog.restore.other", self.tr("Other file…"))
        other.clicked.connect(self._browse)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self._note, 1)
        tools.addWidget(self._result, 1)
        tools.addWidget(other, 0, Qt.AlignmentFlag.AlignTop)
        self._result.hide()
        body, inside = dialog_parts.body()
        inside.addWidget(self.list, 1)
        inside.addLayout(tools)
        inside.addWidget(self._explained)
        inside.addWidget(self.confirm)
        column = dialog_parts.edge_to_edge(self)
        column.addWidget(body, 1)
        column.addWidget(self._make_footer())

    def _make_footer(self) -> QFrame:
        cancel = dialog_parts.button("dialog.restore.cancel", self.tr("Cancel"))
        cancel.setDefault(True)
        cancel.clicked.connect(self.reject)
        self.restore.clicked.connect(self._start)
        return dialog_parts.footer(None, cancel, self.restore)
