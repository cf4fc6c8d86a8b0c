"""Opens the dialogs of the window, each at most once, and keeps those that are open fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog

from harit_desktop.broker.addresses import OwnAddress, own_addresses
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.ui.device_names import device_label

if TYPE_CHECKING:
    from harit_desktop.domain.status import EngineStatus
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.broker_card import BrokerCard
    from harit_desktop.ui.calibration_dialog import CalibrationDialog
    from harit_desktop.ui.change_dialog import ChangeDialog
    from harit_desktop.ui.connect_dialog import ConnectDialog
    from harit_desktop.ui.device_dialog import DeviceDialog
    from harit_desktop.ui.export_dialog import ExportDialog, ExportScope
    from harit_desktop.ui.main_window import MainWindow
    from harit_desktop.ui.mapping.mapping_dialog import MappingDialog
    from harit_desktop.ui.reanalyse_dialog import ReanalyseDialog
    from harit_desktop.ui.restore_dialog import RestoreDialog
    from harit_desktop.ui.settings.alert_extras import AlertQuestions
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
        self.calibration: CalibrationDialog | None = None
        self.reanalyse: ReanalyseDialog | None = None
        self.device: DeviceDialog | None = None
        self.connect_: ConnectDialog | None = None
        self.broker: BrokerCard | None = None
        self.mapping: MappingDialog | None = None

    def poll(self, status: EngineStatus) -> None:
        """Gives the open dialogs what has arrived; called by the frame clock."""
        for dialog in (
            *(self.export, self.change, self.restore),
            *(self.calibration, self.reanalyse, self.device, self.broker),
            self.mapping,
        ):
            if dialog is not None:
                dialog.poll()
        if self.settings is not None:
            self.settings.poll(status.backup)

    def _alert_questions(self) -> AlertQuestions:
        from harit_desktop.ui.settings.alert_extras import AlertQuestions

        engine, book = self._engine, self._engine.book
        ids = [device.publisher_id for device in engine.live.devices()]
        names = {publisher_id: device_label(book, publisher_id) for publisher_id in ids}
        return AlertQuestions(
            engine.trials.try_rule, engine.trials.test_sink, names, engine.judgement.limits()
        )

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
                self._engine.judgement.profiles,
                self._engine.trials.test_broker,
                self._engine.trials.test_store,
                self._alert_questions(),
                self._ask_addresses,
                self._engine.trials.builtin_password,
                self._ask_profile_name,
            )
            dialog.backup_asked.connect(self._commands.back_up)
            dialog.restore_asked.connect(self.open_restore)
            self.settings = self._kept(dialog, "settings")
        self.settings.open_page(page)
        self.settings.open()

    def _ask_keyring(self) -> QueryHandle[bool]:
        """Whether passwords outlive the program; the keyring's answer can take its time."""
        return self._engine.queries.submit("keyring", lambda _: SecretStore.keyring_usable())

    def _ask_profile_name(self) -> QueryHandle[str]:
        """The name of the broker profile in use, "" for none; it stands in a file."""
        profiles = self._engine.broker_profiles

        def name(_: QueryHandle[str]) -> str:
            found = profiles.load()
            profile = found.named(found.present)
            return profile.name if profile is not None else ""

        return self._engine.queries.submit("profile name", name)

    def _ask_addresses(self) -> QueryHandle[tuple[OwnAddress, ...]]:
        """The addresses of this computer; asking the system takes its time."""
        return self._engine.queries.submit("own addresses", lambda _: own_addresses())

    def open_connect(self, local_broker_port: int | None) -> None:
        """Opens the brokers by name; says where one already answers on this computer."""
        dialog = self._connect_dialog()
        if local_broker_port is not None:
            dialog.show_local_broker(local_broker_port)
        dialog.open()

    def open_profile(self, slug: str, wanted: tuple[str, ...]) -> None:
        """Opens the brokers by name at one of them, to enter the secrets it needs or to agree."""
        dialog = self._connect_dialog()
        if slug or wanted:
            dialog.ask_secrets(slug, wanted)
        dialog.open()

    def _connect_dialog(self) -> ConnectDialog:
        from harit_desktop.ui.connect_dialog import ConnectDialog

        if self.connect_ is None:
            dialog = ConnectDialog(self._engine, self._theme, self._window)
            dialog.connect_asked.connect(self._commands.connect_to)
            self.connect_ = self._kept(dialog, "connect_")
        return self.connect_

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

    def open_calibration(self, device: str) -> None:
        """Opens the calibrations of a device, by its id; one dialog at a time."""
        from harit_desktop.ui.calibration_dialog import CalibrationDialog

        if self.calibration is not None and self.calibration.publisher_id != device:
            self.calibration.close()
        if self.calibration is None:
            dialog = CalibrationDialog(self._engine, device, self._window)
            dialog.reanalyse_asked.connect(self.open_reanalyse)
            self.calibration = self._kept(dialog, "calibration")
        self.calibration.open()

    def open_reanalyse(self, device: str | None = None) -> None:
        """Opens the question which stored readings to judge again, for a device or for all."""
        from harit_desktop.ui.reanalyse_dialog import ReanalyseDialog

        if self.reanalyse is None:
            dialog = ReanalyseDialog(self._engine, device, self.calibration or self._window)
            self.reanalyse = self._kept(dialog, "reanalyse")
        else:
            self.reanalyse.choose_device(device)
        self.reanalyse.open()

    def open_device(self, device: str) -> None:
        """Opens name and zone of a device, by its id."""
        from harit_desktop.ui.device_dialog import DeviceDialog

        if self.device is None:
            self.device = self._kept(DeviceDialog(self._engine, device, self._window), "device")
        else:
            self.device.choose(device)
        self.device.open()

    def open_broker(self) -> None:
        """Opens what the broker told of itself."""
        from harit_desktop.ui.broker_card import BrokerCard

        if self.broker is None:
            card = BrokerCard(lambda: self._engine.snapshot().link, self._window)
            self.broker = self._kept(card, "broker")
        self.broker.open()

    def open_mapping(self, topic: str = "") -> None:
        """Opens what nobody understood yet, at a topic if one is named."""
        from harit_desktop.ui.mapping.mapping_dialog import MappingDialog

        if self.mapping is None:
            zone = self._engine.settings.broker.timezone
            dialog = MappingDialog(self._engine.mappings, zone, self._window)
            self.mapping = self._kept(dialog, "mapping")
        if topic:
            self.mapping.choose(topic)
        self.mapping.open()

    def open_about(self) -> None:
        """Opens versions and folders, for a support request."""
        from harit_desktop.ui.about_dialog import AboutDialog

        dialog = AboutDialog(self._engine.paths.root, self._window, [self._window.sleep_text()])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _kept(self, dialog: D, name: str) -> D:
        """A dialog that is forgotten and deleted when it is closed."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(lambda: setattr(self, name, None))
        return dialog
