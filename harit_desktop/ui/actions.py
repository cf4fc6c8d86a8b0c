"""Everything a person can ask for by menu, key or toolbar, by its stable name."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from harit_desktop.ui.icons import button_icon
from harit_desktop.ui.theme import SCHEMES, Tokens
from harit_desktop.ui.time_ranges import DEFAULT_RANGE, RANGES_S
from harit_desktop.ui.words import profile_name

_ICONS = {
    "action.file.export": ("export", "text2"),
    "action.chart.freeze": ("pause", "text2"),
    "action.tools.settings": ("settings", "text2"),
}


class Actions(QObject):
    """Makes the actions once; menus and toolbar show the same ones.

    Each is an attribute here and a child of the window under its objectName.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        make = self._make
        self.export = make("action.file.export", self.tr("&Export…"), "Ctrl+E")
        self.back_up = make("action.file.backUp", self.tr("&Back up now"))
        self.restore = make("action.file.restore", self.tr("&Restore a backup…"))
        self.import_settings = make("action.file.importSettings", self.tr("&Import settings…"))
        self.export_settings = make("action.file.exportSettings", self.tr("Export &settings…"))
        self.quit = make("action.file.quit", self.tr("&Quit"), "Ctrl+Q")
        self.show_live = make("action.view.live", self.tr("&Live"), "Ctrl+1")
        self.show_history = make("action.view.history", self.tr("Histor&y"), "Ctrl+2")
        self.show_alerts = make("action.view.alerts", self.tr("&Alerts"), "Ctrl+3")
        self.acknowledge = make("action.alert.ack", self.tr("&Acknowledge alert"), "Ctrl+M")
        self.mute = make("action.alert.mute", self.tr("&Mute alert for an hour"), "Ctrl+Shift+M")
        self.show_messages = make("action.view.messages", self.tr("&Messages"), "Ctrl+4")
        self.devices = make("action.view.devices", self.tr("&Devices"), "F9", checkable=True)
        self.health = make("action.view.health", self.tr("&Side panel"), "F10", checkable=True)
        self.fullscreen = make(
            "action.view.fullscreen", self.tr("&Full screen"), "F11", checkable=True
        )
        self.find = make("action.find", self.tr("F&ind"), "Ctrl+F")
        self.publisher = make("action.publisher.toggle", self.tr("Start &publisher"), "F5")
        self.connect_toggle = make("action.connect.toggle", self.tr("&Connect"), "Ctrl+K")
        # The strips handle these two keys themselves; a window-wide Space would press no button.
        self.freeze = make("action.chart.freeze", self.tr("&Freeze display\tSpace"), checkable=True)
        self.cursor = make("action.chart.cursor", self.tr("Cursor to &latest\tEnd"))
        self.next_device = make("action.device.next", self.tr("&Next device"), "Ctrl+Tab")
        self.previous_device = make(
            "action.device.previous", self.tr("P&revious device"), "Ctrl+Shift+Tab"
        )
        self.delete_simulated = make(
            "action.data.deleteSimulated", self.tr("&Delete simulated data…")
        )
        self.calibration = make(
            "action.analysis.calibration", self.tr("&Calibration and laboratory values…")
        )
        self.reanalyse = make("action.analysis.reanalyse", self.tr("&Re-analyse…"))
        self.device = make("action.analysis.device", self.tr("&Device…"))
        self.profile_group = QActionGroup(window)
        self.profile_menu = QMenu(self.tr("Crop &profile"), window)
        self.profile_menu.menuAction().setObjectName("action.analysis.profile")
        self.broker_health = make("action.monitor.brokerHealth", self.tr("&Broker health…"))
        self.mapping = make("action.tools.mapping", self.tr("&Listen and map…"))
        self.settings = make("action.tools.settings", self.tr("&Settings…"), "Ctrl+,")
        self.about = make("action.help.about", self.tr("&About"), "F1")
        self.source_group = self._make_sources()
        self.theme_group = self._make_themes()
        self.range_group = self._make_ranges()
        self._assign_roles()
        self.set_device_known(False)

    def build_menus(self, bar: QMenuBar) -> None:
        """Fills the menu bar."""
        file = bar.addMenu(self.tr("&File"))
        file.addActions([self.export])
        file.addSeparator()
        file.addActions([self.back_up, self.restore])
        file.addSeparator()
        file.addActions([self.import_settings, self.export_settings])
        file.addSeparator()
        file.addAction(self.quit)
        view = bar.addMenu(self.tr("&View"))
        view.addActions([self.show_live, self.show_history, self.show_alerts, self.show_messages])
        view.addSeparator()
        panels = view.addMenu(self.tr("&Panels"))
        panels.addActions([self.devices, self.health])
        self._group_menu(view, self.tr("&Time range"), self.range_group)
        self._group_menu(view, self.tr("T&heme"), self.theme_group)
        view.addSeparator()
        view.addActions([self.find, self.fullscreen])
        monitor = bar.addMenu(self.tr("&Monitor"))
        monitor.addActions([self.publisher, self.connect_toggle])
        self.add_source_menu(monitor)
        monitor.addAction(self.broker_health)
        monitor.addSeparator()
        monitor.addActions([self.freeze, self.cursor])
        monitor.addSeparator()
        monitor.addActions([self.next_device, self.previous_device])
        monitor.addSeparator()
        monitor.addAction(self.delete_simulated)
        analysis = bar.addMenu(self.tr("&Analysis"))
        analysis.addMenu(self.profile_menu)
        analysis.addSeparator()
        analysis.addActions([self.calibration, self.device])
        analysis.addSeparator()
        analysis.addActions([self.acknowledge, self.mute])
        analysis.addSeparator()
        analysis.addAction(self.reanalyse)
        bar.addMenu(self.tr("&Tools")).addActions([self.mapping, self.settings])
        bar.addMenu(self.tr("&Help")).addAction(self.about)

    def set_tokens(self, tokens: Tokens) -> None:
        """Draws the icons in the colours of the theme."""
        for action in (self.export, self.freeze, self.settings):
            name, color = _ICONS[action.objectName()]
            action.setIcon(button_icon(name, tokens, color))

    def on_range(self, chosen: Callable[[str], None]) -> None:
        """Calls `chosen` with the key of RANGES_S that the user picks."""
        self.range_group.triggered.connect(lambda action: chosen(action.data()))

    def on_theme(self, chosen: Callable[[str], None]) -> None:
        """Calls `chosen` with the scheme of SCHEMES that the user picks."""
        self.theme_group.triggered.connect(lambda action: chosen(action.data()))

    def on_source(self, chosen: Callable[[str], None]) -> None:
        """Calls `chosen` with the `api.mode` that the user picks."""
        self.source_group.triggered.connect(lambda action: chosen(action.data()))

    def on_profile(self, chosen: Callable[[str], None]) -> None:
        """Calls `chosen` with the id of the profile that the user picks."""
        self.profile_group.triggered.connect(lambda action: chosen(action.data()))

    def set_profiles(self, profiles: Sequence[str], current: str) -> None:
        """Lists profiles by id, `current` checked; one that is not among them is added."""
        wanted = [*profiles, *([] if current in profiles else [current])]
        if wanted != [action.data() for action in self.profile_group.actions()]:
            for action in self.profile_group.actions():
                self.profile_group.removeAction(action)
                self._window.removeAction(action)
                action.deleteLater()
            for profile in wanted:
                # A single ampersand of a user's own name would underline a letter.
                text = profile_name(profile).replace("&", "&&")
                made = self._make(f"action.analysis.profile.{profile}", text, checkable=True)
                made.setData(profile)
                self.profile_group.addAction(made)
            self.profile_menu.addActions(self.profile_group.actions())
        self.check(self.profile_group, current)

    def add_source_menu(self, parent: QMenu) -> None:
        """Adds the choice between broker and API."""
        self._group_menu(parent, self.tr("D&ata source"), self.source_group)

    def check(self, group: QActionGroup, data: str) -> None:
        """Marks the action of a group that stands for `data`, without triggering it."""
        for action in group.actions():
            if action.data() == data and not action.isChecked():
                action.setChecked(True)

    def set_device_known(self, known: bool) -> None:
        """Calibration and names are about a device, so there has to be one."""
        self.calibration.setEnabled(known)
        self.device.setEnabled(known)

    def show_connection(self, connected: bool, configured: bool) -> None:
        """Connect or Disconnect, whichever would change something."""
        if connected:
            text = self.tr("Dis&connect")
        else:
            text = self.tr("&Connect") if configured else self.tr("&Connect…")
        if self.connect_toggle.text() != text:
            self.connect_toggle.setText(text)

    def _make(self, name: str, text: str, key: str = "", checkable: bool = False) -> QAction:
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setCheckable(checkable)
        if key:
            action.setShortcut(QKeySequence(key))
        self._window.addAction(action)
        return action

    def _make_themes(self) -> QActionGroup:
        texts = {
            "auto": self.tr("&As the system"),
            "light": self.tr("&Light"),
            "dark": self.tr("&Dark"),
        }
        group = QActionGroup(self._window)
        for scheme in SCHEMES:
            action = self._make(f"action.view.theme.{scheme}", texts[scheme], checkable=True)
            action.setData(scheme)
            group.addAction(action)
        return group

    def _make_sources(self) -> QActionGroup:
        texts = {
            "auto": ("auto", self.tr("&Automatic: broker, then API")),
            "api": ("api_only", self.tr("Always A&PI")),
            "mqtt": ("mqtt_only", self.tr("&MQTT only")),
        }
        group = QActionGroup(self._window)
        for name, (mode, text) in texts.items():
            action = self._make(f"action.source.{name}", text, checkable=True)
            action.setData(mode)
            group.addAction(action)
        return group

    def _make_ranges(self) -> QActionGroup:
        texts = {
            "15m": self.tr("15 min"),
            "1h": self.tr("1 h"),
            "24h": self.tr("24 h"),
            "7d": self.tr("7 d"),
            "30d": self.tr("30 d"),
            "all": self.tr("All"),
        }
        group = QActionGroup(self._window)
        for number, key in enumerate(RANGES_S, start=1):
            action = self._make(f"action.range.{key}", texts[key], f"Alt+{number}", True)
            action.setData(key)
            group.addAction(action)
        self.check(group, DEFAULT_RANGE)
        return group

    def _group_menu(self, parent: QMenu, title: str, group: QActionGroup) -> None:
        parent.addMenu(title).addActions(group.actions())

    def _assign_roles(self) -> None:
        """macOS moves these to the application menu."""
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.settings.setMenuRole(QAction.MenuRole.PreferencesRole)
