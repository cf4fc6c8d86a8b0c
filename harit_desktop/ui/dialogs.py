"""Opens the dialogs of the window, each at most once, and keeps those that are open fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog

from harit_desktop.settings.secrets import SecretStore

if TYPE_CHECKING:
    from harit_desktop.domain.status import EngineStatus
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.change_dialog import ChangeDialog
    from harit_desktop.ui.export_dialog import ExportDialog, ExportScope
    from harit_desktop.ui.main_window import MainWindow
    from harit_desktop.ui.restore_dialog import RestoreDialog
    from harit_desktop.ui.settings.dialog import SettingsDialog
    from harit_desktop.ui.theme import ThemeController
    from harit_desktop.ui.user_commands import UserCommands

D = TypeVar("D", bound=QDialog)


class Dialogs(QObject):
    """The open dialogs, None where one is closed. Their modules are imported when needed."""

    def __init__(
        self,
        engine: Engine,
        theme: ThemeController,
        commands: UserCommands,
        window: MainWindow,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._theme = theme
        self._commands = commands
        self._window = window
        self.settings: SettingsDialog | None = None
        self.export: ExportDialog | None = None
        self.change: ChangeDialog | None = None
        self.restore: RestoreDialog | None = None

    def poll(self, status: EngineStatus) -> None:
        """Gives the open dialogs what has arrived; called by the frame clock."""
        for dialog in (self.export, self.change, self.restore):
            if dialog is not None:
                dialog.poll()
        if self.settings is not None:
            self.settings.poll(status.backup)

    def open_settings(self, page: str = "broker") -> None:
        """Opens the settings on a page, or brings an open dialog to that page."""
        from harit_desktop.ui.settings.dialog import SettingsDialog

        if self.settings is None:
            dialog = SettingsDialog(
                self._engine.settings,
                self._engine.paths.root,
                self._commands.apply_settings,
                self._theme,
                self._window,
                self._commands.count_older,
                self._ask_keyring,
                self._commands.test_api,
            )
            dialog.backup_asked.connect(self._commands.back_up)
            dialog.restore_asked.connect(self.open_restore)
            self.settings = self._kept(dialog, "settings")
        self.settings.open_page(page)
        self.settings.open()

    def _ask_keyring(self) -> QueryHandle[bool]:
        """Whether passwords outlive the program; the keyring's answer can take its time."""
        return self._engine.queries.submit("keyring", lambda _: SecretStore.keyring_usable())

    def open_connect(self, local_broker_port: int | None) -> None:
        """Opens the short dialog for a broker's address; says where one already answers."""
        from harit_desktop.ui.connect_dialog import ConnectDialog

        dialog = ConnectDialog(self._engine.settings.broker, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.connect_asked.connect(self._commands.connect_to)
        if local_broker_port is not None:
            dialog.show_local_broker(local_broker_port)
        dialog.open()

    def open_export(self, scope: ExportScope) -> None:
        """Opens the export dialog for what is shown now."""
        from harit_desktop.ui.export_dialog import ExportDialog

        if self.export is None:
            self.export = self._kept(ExportDialog(self._engine, scope, self._window), "export")
        self.export.open()

    def open_change(self) -> None:
        """Shows what the server's database would get, where it asks for a decision."""
        from harit_desktop.ui.change_dialog import ChangeDialog

        if self._engine.snapshot().server.change is None:
            return
        if self.change is None:
            dialog = ChangeDialog(
                lambda: self._engine.snapshot().server,
                self._engine.settings.storage.mysql_user,
                self._commands.approve_change,
                self._window,
            )
            self.change = self._kept(dialog, "change")
        self.change.open()

    def open_restore(self) -> None:
        """Opens the list of backups, above the settings where they are open."""
        from harit_desktop.ui.restore_dialog import RestoreDialog

        if self.restore is None:
            dialog = RestoreDialog(self._engine, self.settings or self._window)
            self.restore = self._kept(dialog, "restore")
        self.restore.open()

    def open_about(self) -> None:
        """Opens versions and folders, for a support request."""
        from harit_desktop.ui.about_dialog import AboutDialog

        dialog = AboutDialog(self._engine.paths.root, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _kept(self, dialog: D, name: str) -> D:
        """A dialog that is forgotten and deleted when it is closed."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(lambda: setattr(self, name, None))
        return dialog
