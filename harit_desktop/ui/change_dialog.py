"""Asks before a database that is not ours yet is changed, and shows every single change."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QWidget,
)

from harit_desktop.domain.status import DatabaseChange, ServerState, ServerStatus
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.dialog_parts import sentences
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
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self._heading = sentences("dialog.change.heading", "heading")
        self._summary = sentences("dialog.change.summary")
        self._list = _listing("dialog.change.list", self.tr("What would be added"))
        self._promises = sentences("dialog.change.promises", "muted")
        self._backup = sentences("dialog.change.backup", "muted")
        self._command = _listing("dialog.change.command", self.tr("Command for a backup"))
        self._copy = dialog_parts.button("dialog.change.copy", self.tr("Copy"))
        self._add = dialog_parts.button("dialog.change.add", self.tr("Add these columns"))
        self._not_now = dialog_parts.button("dialog.change.notNow", self.tr("Not now"))
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

    def _build(self) -> None:
        self._list.setMinimumHeight(scaled(90))
        self._promises.setText(
            self.tr(
                "Nothing is removed or renamed, and no reading in it is changed. Programs that "
                "use the database now keep working.\n"
                "Until you decide, new readings wait on this computer; none is lost."
            )
        )
        body, inside = dialog_parts.body()
        inside.addWidget(self._heading)
        inside.addWidget(self._summary)
        inside.addWidget(self._list, 1)
        inside.addWidget(self._promises)
        inside.addWidget(self._backup)
        inside.addLayout(self._command_row())
        column = dialog_parts.edge_to_edge(self)
        column.addWidget(body, 1)
        column.addWidget(self._make_footer())

    def _command_row(self) -> QHBoxLayout:
        self._command.setFixedHeight(scaled(_COMMAND_PX))
        self._copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self._command.toPlainText())
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._command, 1)
        row.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _make_footer(self) -> QFrame:
        self._add.clicked.connect(self._on_add)
        # Enter must not change a database by chance.
        self._not_now.setDefault(True)
        self._not_now.clicked.connect(self.reject)
        return dialog_parts.footer(None, self._not_now, self._add)


def _listing(name: str, title: str) -> QPlainTextEdit:
    """Text to read and copy, in letters of one width."""
    made = QPlainTextEdit()
    made.setObjectName(name)
    made.setAccessibleName(title)
    made.setReadOnly(True)
    made.setTabChangesFocus(True)
    set_look(made, class_="mono")
    return made


def dump_command(server: ServerStatus, user: str) -> str:
    """How a person makes a backup of the database with the tools of the server."""
    words = ["mysqldump", "--single-transaction", "-h", server.host, "-P", str(server.port)]
    words += ["-u", user or "root", "-p", server.database]
    return f"{shlex.join(words)} > {shlex.quote(f'{server.database}.sql')}"


def _asked(server: ServerStatus) -> tuple[str, int, DatabaseChange | None]:
    return server.host, server.port, server.change
