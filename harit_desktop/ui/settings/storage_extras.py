"""What the Storage page shows beside its settings: folder, warnings, backups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit

from harit_desktop.settings.model import StorageSettings
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.settings.consent import Consent
from harit_desktop.ui.settings.page_view import LABEL_PX, PageView
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count, plain

if TYPE_CHECKING:
    from harit_desktop.domain.status import BackupStatus
    from harit_desktop.runtime.queries import QueryHandle

BACKEND = "storage.backend"
RETENTION = "storage.retention_days"
JOURNAL = "storage.journal_days"
HOST, TLS = "storage.mysql_host", "storage.mysql_tls"
MYSQL = "mysql"


class StorageExtras(QObject):
    """Warns of what a change of the storage settings deletes or exposes, and asks for a yes.

    `count_older` counts the stored readings that are older than so many days.
    """

    changed = Signal()
    backup_asked = Signal()
    restore_asked = Signal()

    def __init__(
        self,
        view: PageView,
        folder: Path,
        count_older: Callable[[int], QueryHandle[int]] | None,
    ) -> None:
        super().__init__(view)
        self._folder = folder
        self._count_older = count_older
        self._counting: QueryHandle[int] | None = None
        self._counted: tuple[int, int | None] = (0, None)
        self._asked: dict[str, Any] = {}
        self._applied: Mapping[str, Any] = {}
        self._retention = Consent("settings.storage.retention", self.tr("Yes, delete them"))
        self._plain = Consent(
            "settings.storage.mysql.tls", self.tr("Yes, send all of it unencrypted")
        )
        self._moving = _note("settings.storage.backend.note")
        self._copies = _note("settings.storage.journalDays.note")
        self._backup_state = _note("settings.storage.backup.state")
        view.below(BACKEND).addWidget(self._moving)
        view.below(RETENTION).addWidget(self._retention)
        view.below(TLS).addWidget(self._plain)
        view.below(JOURNAL).addWidget(self._copies)
        view.top.addLayout(self._folder_row())
        view.bottom.addLayout(self._backup_row())
        for consent in (self._retention, self._plain):
            consent.changed.connect(self.changed)

    @property
    def missing(self) -> Consent | None:
        """The first question without an answer."""
        return next((c for c in (self._retention, self._plain) if c.missing), None)

    def update(self, values: Mapping[str, Any], applied: Mapping[str, Any]) -> None:
        """Takes what the page shows now, and the settings in force."""
        self._asked, self._applied = dict(values), applied
        self._show_retention()
        self._show_plain()
        self._show_moving()
        self._show_copies()

    def poll(self) -> None:
        """Takes the number of readings that a shorter time would delete."""
        if self._counting is not None and self._counting.done:
            days, _ = self._counted
            self._counted, self._counting = (days, self._counting.value), None
            self._show_retention()

    def show_backup(self, backup: BackupStatus) -> None:
        """Says what became of the backup that was asked for last."""
        text, severity = "", ""
        if backup.running:
            text, severity = self.tr("A backup is being made…"), "info"
        elif backup.path:
            text = self.tr("Made: {file}").format(file=plain(Path(backup.path).name))
            severity = "ok"
        elif backup.problem is not None:
            text, severity = self.tr("The last backup failed."), "crit"
        if text != self._backup_state.text():
            self._backup_state.setText(text)
            set_look(self._backup_state, severity=severity)
        self._backup_state.setVisible(bool(text))
        self._back_up.setEnabled(not backup.running)

    # -- the warnings ------------------------------------------------------------------

    def _show_retention(self) -> None:
        days, before = self._asked.get(RETENTION), self._applied.get(RETENTION)
        if not isinstance(days, int) or not _shorter(days, before, for_ever=0):
            self._retention.withdraw()
            return
        self._count(days)
        _, rows = self._counted
        # Qt forms the plurals of translations; the English in the source has to do its own.
        text = (
            self.tr(
                "Readings and messages older than 1 day will be deleted for good, beginning "
                "within a minute and then from day to day. CSV files and backups keep theirs."
            )
            if days == 1
            else self.tr(
                "Readings and messages older than %Ln days will be deleted for good, beginning "
                "within a minute and then from day to day. CSV files and backups keep theirs.",
                "",
                days,
            )
        )
        if rows is not None:
            number = self.tr("Readings that go first: {rows}.").format(rows=count(rows))
            text = self.tr("{what} {number}").format(what=text, number=number)
        self._retention.ask(days, text)

    def _count(self, days: int) -> None:
        if self._count_older is not None and self._counted[0] != days:
            self._counted = (days, None)
            self._counting = self._count_older(days)

    def _show_plain(self) -> None:
        host, tls = self._asked.get(HOST), self._asked.get(TLS)
        same = (host, tls) == (self._applied.get(HOST), self._applied.get(TLS))
        same = same and self._applied.get(BACKEND) == MYSQL
        if not host or same or tls is not False or not self._on_server() or not _is_far(host):
            self._plain.withdraw()
            return
        text = self.tr(
            "Without TLS, whoever is on the network between here and {host} can read and change "
            "the readings, and log in as you."
        )
        self._plain.ask(host, text.format(host=plain(str(host))))

    def _show_moving(self) -> None:
        """What happens to the readings that are there when another store is chosen."""
        before, after = self._applied.get(BACKEND), self._asked.get(BACKEND)
        if before == after:
            text = ""
        elif after == MYSQL:
            text = self.tr(
                "All readings of this computer are sent to the server in the background. "
                "Before anything in a database of another program is changed, you are asked."
            )
        else:
            text = self.tr(
                "The readings on the server stay there; this computer then shows only those "
                "that it still has itself."
            )
        self._moving.setText(text)
        self._moving.setVisible(bool(text))

    def _show_copies(self) -> None:
        days, before = self._asked.get(JOURNAL), self._applied.get(JOURNAL)
        shorter = isinstance(days, int) and _shorter(days, before)
        shown = self._on_server() and shorter
        if shown:
            self._copies.setText(
                self.tr(
                    "Copies here that are older than 1 day will be deleted; the server keeps "
                    "the readings."
                )
                if days == 1
                else self.tr(
                    "Copies here that are older than %Ln days will be deleted; the server keeps "
                    "the readings.",
                    "",
                    int(days or 0),
                )
            )
        self._copies.setVisible(shown)

    def _on_server(self) -> bool:
        return self._asked.get(BACKEND) == MYSQL

    # -- the widgets -------------------------------------------------------------------

    def _folder_row(self) -> QHBoxLayout:
        folder = QLineEdit(str(self._folder))
        folder.setReadOnly(True)
        folder.setObjectName("settings.storage.path")
        folder.setAccessibleName(self.tr("SQLite folder"))
        opener = button("settings.storage.openFolder", self.tr("Open folder"))
        opener.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
        )
        title = QLabel(self.tr("SQLite folder"))
        title.setBuddy(folder)
        title.setFixedWidth(scaled(LABEL_PX))
        title.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        set_look(title, class_="muted")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title)
        row.addSpacing(4)
        row.addWidget(folder, 1)
        row.addWidget(opener)
        return row

    def _backup_row(self) -> QHBoxLayout:
        self._back_up = button("settings.storage.backup.now", self.tr("Back up now"))
        self._back_up.clicked.connect(self.backup_asked)
        restore = button("settings.storage.backup.restore", self.tr("Restore a backup…"))
        restore.clicked.connect(self.restore_asked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addSpacing(scaled(LABEL_PX) + 12)
        row.addWidget(self._back_up)
        row.addWidget(restore)
        row.addWidget(self._backup_state, 1)
        row.addStretch()
        return row


def _note(name: str) -> QLabel:
    label = sentences(name, "dense", "info")
    label.hide()
    return label


def _shorter(days: int, before: object, for_ever: int | None = None) -> bool:
    """Whether `days` keep less than before; `for_ever` is the number that stands for it."""
    if not isinstance(before, int) or days == for_ever:
        return False
    return before == for_ever or days < before


def _is_far(host: str) -> bool:
    """Whether the server is another computer, as the automatic choice of TLS sees it."""
    return StorageSettings(mysql_host=host).mysql_encrypted
