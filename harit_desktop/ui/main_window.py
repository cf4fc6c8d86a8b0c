"""The main window: puts the parts together and remembers where they were.

What is shown comes from `Presenter`, what a click means from `UserCommands`; this file
only connects them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenuBar, QVBoxLayout, QWidget

from harit_desktop.ui.actions import Actions
from harit_desktop.ui.alerts.alert_center import AlertCenter
from harit_desktop.ui.closing import Closing, is_recording
from harit_desktop.ui.dialogs import Dialogs
from harit_desktop.ui.first_run import LOCAL_BROKER_PORT, FirstRunPage
from harit_desktop.ui.icons import app_icon
from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.messages.message_page import MessagePage
from harit_desktop.ui.pages import PageArea
from harit_desktop.ui.panel_widths import PanelWidths
from harit_desktop.ui.panels.data_path import DataPathPanel
from harit_desktop.ui.panels.devices import DevicesPanel
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.presenter import Presenter
from harit_desktop.ui.profile_choice import ProfileChoice
from harit_desktop.ui.profiles.switch import ProfileSwitch
from harit_desktop.ui.regions import Regions, first_focusable
from harit_desktop.ui.side_dock import SideDock, bare_dock, scrolling
from harit_desktop.ui.status_bar import StatusBar
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.toolbar import MainToolBar
from harit_desktop.ui.tray import Tray, make_tray
from harit_desktop.ui.user_commands import UserCommands
from harit_desktop.ui.window_state import ViewState, WindowState
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.domain.status import EngineStatus
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.ui.settings_transfer import SettingsTransfer
    from harit_desktop.ui.sleep_guard import SleepGuard

SCREENSHOT_WAIT_S = 1.5
FRAME_WAIT_MS = 300
COMPACT_TOOLBAR_BELOW_PX = 1120
_NO_LIMIT_PX = 16_777_215


class MainWindow(QMainWindow):
    """`window.main`. Give it an engine that need not have started yet."""

    def __init__(self, engine: Engine, theme: ThemeController) -> None:
        super().__init__()
        self._engine = engine
        self._theme = theme
        self.setObjectName("window.main")
        self.setAccessibleName(self.tr("Harit Desktop"))
        self.setWindowIcon(app_icon())
        # A panel that is still sliding in undoes the widths that it is given.
        self.setAnimated(False)
        self.actions_ = Actions(self)
        self.toolbar = MainToolBar(self.actions_, theme)
        self.banner = MessageBanner(theme)
        self.status_bar = StatusBar(theme)
        self.devices_panel = DevicesPanel()
        self.data_path_panel = DataPathPanel()
        self.soil_panel = SoilHealthPanel()
        self.first_page = FirstRunPage(engine, theme)
        self.message_page = MessagePage(engine, theme)
        self.alerts = AlertCenter(engine, theme, self)
        self.toolbar.add_alerts(self.alerts.button)
        self.pages = PageArea(
            self.first_page,
            self.alerts.page,
            self.message_page,
            self.alerts.banner,
            self.banner,
        )
        self.side = SideDock(self, self.tr("Soil health"))
        self.commands = UserCommands(engine, self.banner, self)
        self.dialogs = Dialogs(engine, theme, self.commands, self)
        self.profile_choice = ProfileChoice(engine, self.actions_, self)
        self.profile_switch = ProfileSwitch(
            engine, self.toolbar.broker_menu, self.commands, self.banner, self
        )
        self.closing = Closing(self, engine, self.banner, self)
        self.sleep_guard: SleepGuard | None = None
        self.tray: Tray | None = None
        self.settings_transfer: SettingsTransfer | None = None
        self._build()
        self._state = WindowState(engine.paths.window_state)
        view = self._state.restore(self)
        self.presenter = Presenter(engine, self, theme, view)
        self._connect()
        self._restore_panels(view)
        self.regions = Regions(
            (
                self.toolbar,
                self.devices_panel,
                self.data_path_panel,
                self.pages.tabs,
                self.alerts.banner,
                self.banner,
                self.pages.stack,
                self.side.dock,
                self.status_bar,
            ),
            self,
        )
        self.regions.order()
        self.pages.page_changed.connect(lambda _: self.regions.order())
        theme.changed.connect(self._restyle)
        self._restyle()

    # -- for the application -----------------------------------------------------------

    @Slot()
    def raise_to_front(self) -> None:
        """Shows the window above others, as a second start of the program asks for."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def quit(self) -> None:
        """Stops recording and ends the program, without a question."""
        self.closing.quit()

    def attach_tray(self) -> None:
        """Looks for a place beside the clock until there is one: the desktop's panel may
        start after the program. Asking for it can take a moment."""
        if self.tray is None:
            self.tray = make_tray(self)
            if self.tray is not None:
                self.closing.attach_tray(self.tray)
                self.alerts.set_tray(self.tray)

    def start_hidden(self) -> None:
        """Follows the engine without being seen, for a start in the tray."""
        if self.tray is not None:
            self.tray.set_shown(True)
        self.presenter.start()
        self.presenter.set_window_visible(False)

    def follow_recording(self, status: EngineStatus) -> None:
        """Keeps the computer awake while readings come in; called every second."""
        self.closing.withdraw_when_idle(status)
        wanted = is_recording(status) and self._engine.settings.ui.prevent_sleep
        if wanted and self.sleep_guard is None:
            from harit_desktop.ui.sleep_guard import SleepGuard

            self.sleep_guard = SleepGuard()
        if self.sleep_guard is not None:
            self.sleep_guard.follow(wanted)

    def sleep_text(self) -> str:
        """Whether the computer is kept awake, for a support request."""
        guard = self.sleep_guard
        if guard is None or guard.state == "off":
            return self.tr("Sleep: as the computer is set")
        if guard.state == "held":
            return self.tr("Sleep: held off while recording")
        return self.tr("Sleep: cannot be held off ({reason})").format(reason=plain(guard.reason))

    def show_view(self, view: str) -> None:
        """Goes to a page by its name ("live", "messages") or opens the settings."""
        if view == "settings":
            self.dialogs.open_settings()
        else:
            self.pages.show_page(view)

    def take_screenshot(self, file: Path, view: str) -> bool:
        """Renders a view to a PNG file; False when it could not be written."""
        self.presenter.build_live_page()
        self.show_view(view)
        ends_s = time.monotonic() + SCREENSHOT_WAIT_S
        while time.monotonic() < ends_s:
            QApplication.processEvents()
            time.sleep(0.02)
        shown = self.dialogs.settings if view == "settings" else None
        return (shown or self).grab().save(str(file), "PNG")

    # -- what the actions open ---------------------------------------------------------

    def open_connect(self) -> None:
        """Opens the short dialog for a broker's address."""
        found = self.first_page.local_broker
        self.dialogs.open_connect(LOCAL_BROKER_PORT if found else None)

    def open_export(self) -> None:
        """Opens the export dialog for what is shown now."""
        self.dialogs.open_export(self.presenter.export_scope())

    def open_calibration(self) -> None:
        """Opens the calibrations of the device in focus."""
        if self.presenter.focus is not None:
            self.dialogs.open_calibration(self.presenter.focus)

    def open_device(self) -> None:
        """Opens name and zone of the device in focus."""
        if self.presenter.focus is not None:
            self.dialogs.open_device(self.presenter.focus)

    # -- wiring ------------------------------------------------------------------------

    def _build(self) -> None:
        self.actions_.build_menus(self.menuBar())
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.setCentralWidget(self.pages)
        self.setStatusBar(self.status_bar)
        self.devices_dock = bare_dock("dock.devices", self.tr("Devices"), self)
        self._left = self._left_panel()
        self.devices_dock.setWidget(self._left)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.devices_dock)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.side.dock)
        self.side.add(
            "live", self.tr("Soil health"), scrolling(self.soil_panel), self.pages.place_health
        )
        self.side.add(
            "messages",
            self.tr("Payload"),
            scrolling(self.message_page.payload_panel),
            self.message_page.place_payload,
        )
        for corner, area in (
            (Qt.Corner.TopLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea),
            (Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea),
            (Qt.Corner.TopRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
            (Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            self.setCorner(corner, area)
        self.panel_widths = PanelWidths(self, self.devices_dock, self.side.dock)

    def _left_panel(self) -> QWidget:
        panel = QWidget()
        set_look(panel, class_="panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.devices_panel, 1)
        column.addWidget(self.data_path_panel)
        return panel

    def _connect(self) -> None:
        actions, commands, presenter = self.actions_, self.commands, self.presenter
        actions.export.triggered.connect(self.open_export)
        actions.back_up.triggered.connect(commands.back_up)
        actions.restore.triggered.connect(self.dialogs.open_restore)
        actions.import_settings.triggered.connect(lambda: self._transfer().ask_import())
        actions.export_settings.triggered.connect(lambda: self._transfer().ask_export())
        actions.quit.triggered.connect(self.quit)
        actions.show_live.triggered.connect(lambda: self.pages.show_page("live"))
        actions.show_history.triggered.connect(lambda: self.pages.show_page("history"))
        actions.show_alerts.triggered.connect(lambda: self.pages.show_page("alerts"))
        actions.show_messages.triggered.connect(lambda: self.pages.show_page("messages"))
        actions.devices.toggled.connect(self.devices_dock.setVisible)
        actions.health.toggled.connect(self.side.set_wanted)
        actions.fullscreen.toggled.connect(self._set_full_screen)
        actions.find.triggered.connect(self._find)
        actions.publisher.triggered.connect(commands.toggle_publisher)
        actions.connect_toggle.triggered.connect(self._toggle_connection)
        actions.freeze.toggled.connect(presenter.set_frozen)
        actions.cursor.triggered.connect(presenter.cursor_to_latest)
        actions.next_device.triggered.connect(self.devices_panel.next_device)
        actions.previous_device.triggered.connect(self.devices_panel.previous_device)
        actions.delete_simulated.triggered.connect(commands.delete_simulated)
        actions.calibration.triggered.connect(self.open_calibration)
        actions.device.triggered.connect(self.open_device)
        actions.reanalyse.triggered.connect(lambda: self.dialogs.open_reanalyse(presenter.focus))
        actions.on_profile(commands.set_profile)
        actions.settings.triggered.connect(lambda: self.dialogs.open_settings())
        actions.about.triggered.connect(self.dialogs.open_about)
        actions.broker_health.triggered.connect(self.dialogs.open_broker)
        self.message_page.payload_panel.map_asked.connect(self.dialogs.open_mapping)
        actions.mapping.triggered.connect(lambda: self.dialogs.open_mapping())
        self.profile_switch.dialog_asked.connect(self.dialogs.open_profile)
        actions.on_range(presenter.set_range)
        actions.on_source(self._choose_source)
        actions.on_theme(commands.set_theme)
        self.devices_panel.device_chosen.connect(presenter.set_focus_device)
        self.devices_panel.device_asked.connect(self.dialogs.open_device)
        self.devices_panel.placed.connect(commands.save_devices)
        self.data_path_panel.row_clicked.connect(self._open_data_path_row)
        self.status_bar.row_asked.connect(self._show_data_path_row)
        self.first_page.simulate_asked.connect(presenter.start_demo)
        self.first_page.connect_asked.connect(self.open_connect)
        self.banner.chosen.connect(self._on_banner)
        self.banner.focus_released.connect(self._focus_main_view)
        self.pages.page_changed.connect(self._on_page)
        self._connect_alerts()
        presenter.history.export_asked.connect(lambda *_: self.open_export())

    def _connect_alerts(self) -> None:
        actions, alerts = self.actions_, self.alerts
        alerts.banner.focus_released.connect(self._focus_main_view)
        alerts.page_asked.connect(lambda: self.pages.show_page("alerts"))
        alerts.rules_asked.connect(lambda: self.dialogs.open_settings("alerts"))
        alerts.open_changed.connect(self.pages.show_open_alerts)
        alerts.history_asked.connect(
            lambda device, from_us, to_us: self.presenter.history.show_span(from_us, to_us, device)
        )
        actions.acknowledge.triggered.connect(alerts.acknowledge)
        actions.mute.triggered.connect(alerts.mute)

    def _restore_panels(self, view: ViewState) -> None:
        self.actions_.devices.setChecked(view.devices_shown)
        self.devices_dock.setVisible(view.devices_shown)
        self.actions_.health.setChecked(view.side_shown)
        self.side.set_wanted(view.side_shown)
        self.panel_widths.restore(view.panel_widths)
        self.pages.show_page(view.page or "live")
        self._on_page(self.pages.page)

    def _transfer(self) -> SettingsTransfer:
        """Made when it is first needed, with the modules of its dialogs."""
        if self.settings_transfer is None:
            from harit_desktop.ui.settings_transfer import SettingsTransfer

            self.settings_transfer = SettingsTransfer(self._engine, self.banner, self)
        return self.settings_transfer

    def _on_page(self, page: str) -> None:
        self.side.show_for(page)
        self.toolbar.show_chart_tools(page == "live" and not self.pages.first_run)
        self.message_page.set_active(page == "messages")
        self.toolbar.show_alerts(page != "alerts")

    def _on_banner(self, key: str) -> None:
        openers = {
            "retry": self.commands.retry,
            "broker_settings": lambda: self.dialogs.open_settings("broker"),
            "builtin_settings": lambda: self.dialogs.open_settings("builtin_broker"),
            "publisher_settings": lambda: self.dialogs.open_settings("publisher"),
            "storage_settings": lambda: self.dialogs.open_settings("storage"),
            "api_settings": lambda: self.dialogs.open_settings("api"),
            "local_api_settings": lambda: self.dialogs.open_settings("local_api"),
            "map": lambda: self.dialogs.open_mapping(),
            "show_messages": lambda: self.pages.show_page("messages"),
            "review_change": self.dialogs.open_change,
            "back_up": self.commands.back_up,
            "restore": self.dialogs.open_restore,
            "open_backups": self._open_backups,
        }
        openers[key]()

    def _focus_main_view(self) -> None:
        """The page on screen gets the focus, so that Tab and the keys of charts go on there."""
        page = self.pages.stack.currentWidget()
        view = first_focusable(page) if page is not None else None
        (view or self.pages.tabs).setFocus(Qt.FocusReason.OtherFocusReason)

    def _open_backups(self) -> None:
        """The folder of the backup that was just made."""
        made = self._engine.snapshot().backup.path
        if made:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(made).parent)))

    def _open_data_path_row(self, row: str) -> None:
        pages = {
            "broker": "broker",
            "api": "api",
            "forward": "api",
            "localApi": "local_api",
            "database": "storage",
            "spool": "storage",
            "publisher": "publisher",
        }
        if row == "database" and self._engine.snapshot().server.change is not None:
            self.dialogs.open_change()
        elif row in pages:
            self.dialogs.open_settings(pages[row])

    def _show_data_path_row(self, row: str) -> None:
        self.actions_.devices.setChecked(True)
        self.data_path_panel.rows[row].setFocus()

    def _toggle_connection(self) -> None:
        if self._engine.configured:
            self.commands.toggle_connection()
        else:
            self.open_connect()

    def _choose_source(self, mode: str) -> None:
        """Without an address there is no API to choose, so that the way leads there first."""
        if mode == "api_only" and not self._engine.settings.api.url:
            chosen = self._engine.settings.api.mode
            self.actions_.check(self.actions_.source_group, chosen)
            self.dialogs.open_settings("api")
        else:
            self.commands.set_source(mode)

    def _find(self) -> None:
        if self.pages.page == "alerts":
            self.alerts.page.focus_filter()
            return
        self.pages.show_page("messages")
        self.message_page.focus_filter()

    def _set_full_screen(self, full: bool) -> None:
        state = Qt.WindowState.WindowFullScreen
        self.setWindowState(self.windowState() | state if full else self.windowState() & ~state)

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        least, _, most = map(scaled, SIZES.left_panel)
        self._left.setMinimumWidth(least)
        self._left.setMaximumWidth(most)
        self.side.fit_text()
        # Qt takes a menu bar's height over from the larger of two text sizes.
        self.menuBar().setFixedHeight(_natural_height(self.menuBar()))
        self._fit_width()
        for panel in (self.devices_panel, self.data_path_panel, self.soil_panel):
            panel.set_tokens(tokens)

    def _fit_width(self) -> None:
        """Gives what has no room beside the charts another place."""
        narrow = self.width() < scaled(SIZES.fold_right_panel_below)
        self.side.set_narrow(narrow)
        self.pages.set_narrow(narrow)
        self.toolbar.set_compact(self.width() < scaled(COMPACT_TOOLBAR_BELOW_PX))
        self.panel_widths.fit()

    # -- Qt ----------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.presenter.start()
        self.presenter.set_window_visible(not self.isMinimized())
        QTimer.singleShot(FRAME_WAIT_MS, self, lambda: self._state.settle(self))
        (self.first_page.simulate_button if self.pages.first_run else self).setFocus()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.presenter.set_window_visible(not self.isMinimized())
            self.actions_.fullscreen.setChecked(self.isFullScreen())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.presenter.set_window_visible(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._state.save(self, self.presenter.view_state())
        self.attach_tray()
        if not self.closing.may_close():
            event.ignore()
            return
        event.accept()
        self.presenter.stop()
        if self.sleep_guard is not None:
            self.sleep_guard.end()
        self.closing.closed()


def _natural_height(bar: QMenuBar) -> int:
    """The height that a menu bar wants at the present text size."""
    bar.setMinimumHeight(0)
    bar.setMaximumHeight(_NO_LIMIT_PX)
    bar.ensurePolished()
    return bar.sizeHint().height()
