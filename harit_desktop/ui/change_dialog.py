"""Asks before a database that is not ours yet is changed, and shows every single change."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.status import DatabaseChange, ServerState, ServerStatus
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count, plain

ADOPT = "adopt"
_SIZE_PX = (640, 540)
_COMMAND_PX = 54
_INDENT = "    "


class ChangeDialog(QDialog):
    """Shows what would be added to the server's database; `approve` is called for a yes.

    A yes counts only for what is on screen: where the server asks for something else
    meanwhile, the dialog shows that instead.
    """

    def __init__(
        self,
        read_server: Callable[[], ServerStatus],
        user: str,
        approve: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._read_server = read_server
        self._user = user
        self._approve = approve
        self._shown: ServerStatus | None = None
        self.setObjectName("dialog.change")
        size = QSize(*map(scaled, _SIZE_PX))
        self.resize(size.boundedTo(self.screen().availableSize()))
        self._heading = self._label("heading", "heading")
        self._summary = self._label("summary")
        self._list = QPlainTextEdit()
        self._promises = self._label("promises", "muted")
        self._backup = self._label("backup", "muted")
        self._command = QPlainTextEdit()
        self._copy = QPushButton(self.tr("Copy"))
        self._add = QPushButton(self.tr("Add these columns"))
        self._not_now = QPushButton(self.tr("Not now"))
        self._build()
        self.poll()

    def poll(self) -> None:
        """Follows the server's state; closes where there is no question any more."""
        server = self._read_server()
        if server.state is not ServerState.CONSENT or server.change is None:
            if self.isVisible():
                self.reject()
            return
        if self._shown is None or _asked(server) != _asked(self._shown):
            self._shown = server
            self._show(server, server.change)

    def _show(self, server: ServerStatus, change: DatabaseChange) -> None:
        database = plain(change.database)
        adopt = change.kind == ADOPT
        title = self.tr("Use the existing database?") if adopt else self.tr("Update the database?")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        heading = (
            self.tr('Use the existing database "{database}" on {host}?')
            if adopt
            else self.tr('Update the database "{database}" on {host}?')
        )
        self._heading.setText(heading.format(database=database, host=plain(server.host)))
        self._summary.setText(self._summary_text(change))
        self._list.setPlainText(self._list_text(change))
        backup = (
            self.tr("Better make a backup of the database first, for example with:")
            if change.rows
            else self.tr("The database can be backed up first, for example with:")
        )
        self._backup.setText(backup)
        self._command.setPlainText(dump_command(server, self._user))

    def _summary_text(self, change: DatabaseChange) -> str:
        if change.kind != ADOPT:
            return self.tr(
                "An earlier Harit Desktop made it. This version needs what is listed here."
            )
        if change.rows == 1:
            return self.tr("It holds 1 reading of another program. This would be added to it:")
        return self.tr(
            "It holds {rows} readings of another program. This would be added to it:"
        ).format(rows=count(change.rows))

    def _list_text(self, change: DatabaseChange) -> str:
        lines: list[str] = []
        for title, names in (
            (self.tr("New columns: {n}"), change.columns),
            (self.tr("New tables: {n}"), change.tables),
        ):
            if names:
                lines.append(title.format(n=count(len(names))))
                lines += [_INDENT + plain(name) for name in names]
        return "\n".join(lines)

    def _on_add(self) -> None:
        shown, server = self._shown, self._read_server()
        if shown is None or _asked(server) != _asked(shown):
            self.poll()
            return
        self._approve()
        self.accept()

    # -- the widgets -------------------------------------------------------------------

    def _label(self, name: str, look: str = "") -> QLabel:
        label = QLabel()
        label.setObjectName(f"dialog.change.{name}")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        if look:
            set_look(label, class_=look)
        return label

    def _build(self) -> None:
        self._list.setObjectName("dialog.change.list")
        self._list.setAccessibleName(self.tr("What would be added"))
        self._list.setReadOnly(True)
        self._list.setTabChangesFocus(True)
        self._list.setMinimumHeight(scaled(90))
        set_look(self._list, class_="mono")
        self._promises.setText(
            self.tr(
                "Nothing is removed or renamed, and no reading in it is changed. Programs that "
                "use the database now keep working.\n"
                "Until you decide, new readings wait on this computer; none is lost."
            )
        )
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(20, 16, 20, 12)
        inside.setSpacing(10)
        inside.addWidget(self._heading)
        inside.addWidget(self._summary)
        inside.addWidget(self._list, 1)
        inside.addWidget(self._promises)
        inside.addWidget(self._backup)
        inside.addLayout(self._command_row())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(body, 1)
        column.addWidget(self._make_footer())

    def _command_row(self) -> QHBoxLayout:
        self._command.setObjectName("dialog.change.command")
        self._command.setAccessibleName(self.tr("Command for a backup"))
        self._command.setReadOnly(True)
        self._command.setTabChangesFocus(True)
        self._command.setFixedHeight(scaled(_COMMAND_PX))
        set_look(self._command, class_="mono")
        self._copy.setObjectName("dialog.change.copy")
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self._command.toPlainText())
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._command, 1)
        row.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _make_footer(self) -> QFrame:
        footer = QFrame()
        set_look(footer, class_="footer")
        row = QHBoxLayout(footer)
        row.setContentsMargins(13, 8, 13, 8)
        row.setSpacing(8)
        row.addStretch(1)
        self._add.setObjectName("dialog.change.add")
        self._add.setAutoDefault(False)
        self._add.clicked.connect(self._on_add)
        # Enter must not change a database by chance.
        self._not_now.setObjectName("dialog.change.notNow")
        self._not_now.setDefault(True)
        self._not_now.clicked.connect(self.reject)
        row.addWidget(self._not_now)
        row.addWidget(self._add)
        return footer


def dump_command(server: ServerStatus, user: str) -> str:
    """How a person makes a backup of the database with the tools of the server."""
    words = ["mysqldump", "--single-transaction", "-h", server.host, "-P", str(server.port)]
    words += ["-u", user or "root", "-p", server.database]
    return f"{shlex.join(words)} > {shlex.quote(f'{server.database}.sql')}"


def _asked(server: ServerStatus) -> tuple[str, int, DatabaseChange | None]:
    return server.host, server.port, server.change
