"""Brings the engine's state to the widgets, on the beat of the frame clock.

Polls snapshots and version counters, hands each widget what changed, and never waits.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from harit_desktop.domain.clock import US_PER_DAY, NowUs
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import ApiState, EngineStatus, LinkState
from harit_desktop.ui.extras.stored_extras import StoredExtras
from harit_desktop.ui.first_seen import FirstSeen
from harit_desktop.ui.frame_clock import FrameClock, now_us
from harit_desktop.ui.health_feed import HealthFeed
from harit_desktop.ui.history_host import HistoryHost
from harit_desktop.ui.live_feed import LiveFeed
from harit_desktop.ui.notices import NoticeContext, notices_of, problems_of, without_button
from harit_desktop.ui.rejections import NewestRejection
from harit_desktop.ui.spool_room import SpoolPace
from harit_desktop.ui.store_identity import StoreIdentity
from harit_desktop.ui.time_ranges import DEFAULT_RANGE, RANGES_S, range_start_us
from harit_desktop.ui.titles import broker_name, window_title
from harit_desktop.ui.user_commands import ASK_DELETE, ASK_PUBLISH
from harit_desktop.ui.window_state import ViewState

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.settings.model import Settings
    from harit_desktop.ui.export_dialog import ExportScope
    from harit_desktop.ui.live_page import LivePage
    from harit_desktop.ui.main_window import MainWindow
    from harit_desktop.ui.theme import ThemeController

FIRST_RANGE = "15m"
RESTART_AFTER_MS = 8000


def _source_state(status: EngineStatus) -> LinkState:
    """The broker's state for the charts; readings through the API are as good."""
    in_use = status.api.state is ApiState.IN_USE
    return LinkState.CONNECTED if in_use else status.link.state


def load_arrays() -> None:
    """Imports what the charts need and what may be imported off the main thread.

    pyqtgraph is not: its import touches every Qt type, and on a second thread that ends
    the process now and then.
    """
    importlib.import_module("numpy")


class Presenter(QObject):
    """Owns what is chosen on screen: focus device, time range, freeze."""

    def __init__(
        self,
        engine: Engine,
        window: MainWindow,
        theme: ThemeController,
        view: ViewState,
        clock: NowUs = now_us,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._window = window
        self._theme = theme
        self._now_us = clock
        self._settings: Settings | None = None
        self._status = EngineStatus()
        self._status_key: object = None
        self._live_version: object = None
        self._rejection = NewestRejection(engine.messages)
        self._first_seen = FirstSeen(clock)
        self._store_identity = StoreIdentity()
        self._stored_extras = StoredExtras(engine)
        self._spool_pace = SpoolPace()
        self._devices: tuple[DeviceState, ...] = ()
        self._range_settled = view.range_key in RANGES_S
        self._range_key = view.range_key if self._range_settled else DEFAULT_RANGE
        self._wished_focus = view.focus
        self._focus: str | None = None
        self._entered: object = None
        self._rewritten = engine.jobs.rewritten
        self._limits: object = None
        self._arrays: QueryHandle | None = None
        self._live_page: LivePage | None = None
        self._live_feed: LiveFeed | None = None
        self._health_feed = HealthFeed(engine, window.soil_panel)
        self.history = HistoryHost(engine, window.pages, window.side, theme, view.history, self)
        self._clock = FrameClock(
            (
                self._show_status,
                self._show_devices,
                self._feed_charts,
                self.history.poll,
                self._window.message_page.poll,
                self._window.alerts.poll,
                self._poll_answers,
            ),
            clock,
            self,
        )
        window.actions_.check(window.actions_.range_group, self._range_key)
        theme.changed.connect(self._restyle_page)
        self._show_settings()
        self._show_status(clock(), True)

    # -- life --------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to follow the engine; called when the window is shown."""
        self._clock.start()
        if self._arrays is None:
            self._arrays = self._engine.queries.submit("arrays", lambda _: load_arrays())
            if self._window.pages.first_run:
                self._window.first_page.start_probe()

    def stop(self) -> None:
        self._clock.stop()

    def set_window_visible(self, visible: bool) -> None:
        self._clock.set_window_visible(visible)

    def refresh(self) -> None:
        """One beat at once, for tests and screenshots."""
        self._clock.beat()

    def build_live_page(self) -> None:
        """Makes the charts, unless they are there."""
        if self._live_page is not None:
            return
        from harit_desktop.ui.live_page import LivePage

        window = self._window
        page = LivePage(tokens=self._theme.tokens)
        self._live_feed = LiveFeed(self._engine, page)
        self._live_page = page
        page.freeze_asked.connect(window.actions_.freeze.toggle)
        page.missed_changed.connect(self._show_freeze)
        self._live_feed.set_range(self._range_key)
        page.set_frozen(window.actions_.freeze.isChecked())
        window.pages.set_page("live", page)
        self._set_page_focus()
        self._live_version = None

    # -- what the user chooses ---------------------------------------------------------

    def set_range(self, key: str) -> None:
        if self._window.pages.page == "history":
            self.history.set_range(key)
            return
        self._range_settled = True
        self._range_key = key
        if self._live_feed is not None:
            self._live_feed.set_range(key)

    def set_focus_device(self, publisher_id: str) -> None:
        """Shows a device in ink, with its soil health beside it."""
        if publisher_id == self._focus:
            return
        self._focus = publisher_id
        self._wished_focus = publisher_id
        self._window.devices_panel.set_focus(publisher_id)
        self._set_page_focus()
        self._live_version = None

    @property
    def focus(self) -> str | None:
        """The id of the device in focus; None while there is none."""
        return self._focus

    def set_frozen(self, frozen: bool) -> None:
        if self._live_page is not None:
            self._live_page.set_frozen(frozen)
        self._show_freeze(0)

    def cursor_to_latest(self) -> None:
        if self._live_page is not None:
            self._live_page.cursor_to_latest()

    def start_demo(self) -> None:
        """The first card: its readings begin now, so the shortest range shows them best."""
        first_page = self._window.first_page
        first_page.set_starting(True)
        # If it fails, the banner says why, and the button is there again.
        QTimer.singleShot(RESTART_AFTER_MS, first_page, lambda: first_page.set_starting(False))
        self._choose_range(FIRST_RANGE)
        self._window.commands.start_demo()

    def view_state(self) -> ViewState:
        """What to show again at the next start."""
        return ViewState(
            page=self._window.pages.page,
            range_key=self._range_key,
            focus=self._wished_focus,
            devices_shown=self._window.actions_.devices.isChecked(),
            side_shown=self._window.side.wanted,
            panel_widths=self._window.panel_widths.wishes,
            history=self.history.state(),
        )

    def export_scope(self) -> ExportScope:
        """What the export dialog offers first."""
        from harit_desktop.ui.export_dialog import ExportScope

        now = self._now_us()
        scope = ExportScope(
            visible_from_us=range_start_us(self._range_key, now),
            now_us=now,
            focus=self._focus,
            devices=self._listed(),
            simulated_rows=self._status.store.simulated_rows,
        )
        if self._window.pages.page != "history" or self.history.page is None:
            return scope
        shown, chosen = self.history.page.span, self.history.page.selection
        return replace(
            scope,
            visible_from_us=shown.from_us,
            visible_to_us=shown.to_us,
            selection_us=None if chosen is None else (chosen.from_us, chosen.to_us),
        )

    def _listed(self) -> list[DeviceState]:
        """The devices in the order of the list."""
        listed = {name: place for place, name in enumerate(self._window.devices_panel.model.ids())}
        return sorted(self._devices, key=lambda device: listed.get(device.publisher_id, 0))

    # -- the steps of a beat -----------------------------------------------------------

    def _show_status(self, now: int, new_second: bool) -> None:
        self._show_settings()
        status = self._engine.snapshot()
        self._status = status
        key = (
            status.link,
            status.store,
            status.publisher,
            status.builtin_broker,
            status.server,
            status.backup,
            status.api,
            status.api_forward,
            status.local_api,
            status.counters,
            status.problems,
            self._engine.configured,
            self._window.pages.page,
        )
        if key == self._status_key and not new_second:
            return
        self._status_key = key
        window = self._window
        builtin = self._engine.settings.broker.mode == "builtin"
        window.status_bar.show_status(status, now, self._engine.configured, builtin)
        window.data_path_panel.set_configured(self._engine.configured)
        window.data_path_panel.set_status(status, now)
        paced = self._spool_pace.steadied(status)
        notices = notices_of(paced, now, self._notice_context(status, builtin))
        if window.pages.page == "messages":
            notices = without_button(notices, "show_messages")
        window.banner.set_notices(notices)
        window.devices_panel.set_store(status)
        window.message_page.set_counters(status.counters)
        window.toolbar.show_publisher(status.publisher.state)
        if self._live_page is not None:
            self._live_page.set_link(_source_state(status))
        window.follow_recording(status)
        self._show_connection(status)
        self._follow_store(status)
        window.actions_.delete_simulated.setEnabled(status.store.simulated_rows > 0)
        if status.store.simulated_rows == 0:
            window.banner.withdraw(ASK_DELETE)

    def _notice_context(self, status: EngineStatus, builtin: bool) -> NoticeContext:
        self._first_seen.follow(problems_of(status, builtin))
        storage = self._engine.settings.storage
        return NoticeContext(
            builtin=builtin,
            newest_rejected=self._rejection.poll(),
            newest_unmapped=self._rejection.unmapped,
            spool_limit_mb=storage.spool_limit_mb if storage.backend == "mysql" else None,
            seen_us=self._first_seen,
        )

    def _follow_store(self, status: EngineStatus) -> None:
        """Where another store has taken the place of the one before, reads all of it anew."""
        if self._store_identity.changed(status, self._engine.settings.storage):
            self._window.message_page.reload()
            self._stored_extras.forget()
            self._rebuild_live_page()
            self.history.forget()
        self.history.follow(status)
        if self._engine.jobs.rewritten != self._rewritten:
            self._rewritten = self._engine.jobs.rewritten
            if self._live_page is not None:
                self._live_page.read_again()
            self.history.read_again()

    def _show_connection(self, status: EngineStatus) -> None:
        window = self._window
        configured = self._engine.configured
        profile = window.profile_switch.present_name()
        name = profile or broker_name(self._engine.settings, status, configured)
        window.toolbar.show_broker(name, profile=bool(profile))
        off = status.link.state is LinkState.OFF
        window.actions_.show_connection(connected=not off, configured=configured)
        simulated = any(device.simulated for device in self._devices)
        title = window_title(name if configured else "", simulated)
        if window.windowTitle() != title:
            window.setWindowTitle(title)
        window.pages.set_first_run(not configured and not self._devices)

    def _show_settings(self) -> None:
        """Follows settings that the engine has taken over, whoever changed them."""
        settings = self._engine.settings
        if settings is self._settings:
            return
        before, self._settings = self._settings, settings
        actions = self._window.actions_
        actions.check(actions.theme_group, settings.ui.theme)
        actions.check(actions.source_group, settings.api.mode)
        self._window.data_path_panel.set_choices(
            settings.api.mode, bool(settings.api.url), settings.publisher.mqtt_retries
        )
        self._theme.set_scheme(settings.ui.theme)
        self._theme.set_text_scale(settings.ui.text_size / 100)
        if before is not None and before.broker != settings.broker:
            self._window.banner.withdraw(ASK_PUBLISH)

    def _show_devices(self, now: int, new_second: bool) -> None:
        window = self._window
        self._show_book()
        if new_second:
            self._show_limits()
        self._stored_extras.poll(self._devices)
        version = self._engine.live.version
        if version != self._live_version:
            self._live_version = version
            before, self._devices = self._devices, self._engine.live.devices()
            self._forget_deleted(before)
            # First: without a choice of ours the panel would make one of its own.
            self._choose_focus()
            self._fit_range(now)
            window.devices_panel.set_devices(self._devices, now)
            self.history.set_devices(self._listed(), now)
            if self._live_page is not None:
                self._live_page.set_devices(self._devices, now)
                focus = self._focus_state()
                self._live_page.set_simulated(focus is not None and focus.simulated)
            self._health_feed.show_device(self._focus_state(), now)
        elif new_second:
            window.devices_panel.tick(now)
            self._health_feed.show_device(self._focus_state(), now)

    def _feed_charts(self, now: int, new_second: bool) -> None:
        self._health_feed.poll(now)
        if self._live_page is None or self._live_feed is None:
            return
        self._live_feed.follow(self._status, now)
        self._live_feed.poll(self._devices, now, new_second)
        self._live_page.tick(now, busy=self._health_feed.shown_us == now)

    def _poll_answers(self, now: int, new_second: bool) -> None:
        if self._arrays is not None and self._arrays.done:
            self.build_live_page()
            self.history.set_ready()
        self._window.first_page.poll()
        self._window.profile_choice.poll()
        self._window.dialogs.poll(self._status)

    # -- details -----------------------------------------------------------------------

    def _choose_range(self, key: str) -> None:
        self._window.actions_.check(self._window.actions_.range_group, key)
        self.set_range(key)

    def _fit_range(self, now: int) -> None:
        """At the first reading, unless somebody chose: the range in which it can be seen."""
        focus = self._focus_state()
        if self._range_settled or focus is None:
            return
        self._range_settled = True
        if now - focus.timestamp_us > US_PER_DAY:
            self._choose_range("all")
        elif self._status.store.rows <= self._status.counters.stored:
            # Nothing is stored from before this start: a day would show one dot.
            self._choose_range(FIRST_RANGE)

    def _choose_focus(self) -> None:
        """Keeps the focus on a device that is there: the one of last time, else the first."""
        known = [device.publisher_id for device in self._devices]
        if self._focus in known:
            return
        if self._wished_focus in known:
            chosen: str | None = self._wished_focus
        else:
            chosen = known[0] if known else None
        self._focus = chosen
        self._window.actions_.set_device_known(chosen is not None)
        self._window.devices_panel.set_focus(chosen)
        self._set_page_focus()

    def _forget_deleted(self, before: Sequence[DeviceState]) -> None:
        """After simulated data was deleted, nothing of it may stay on screen."""
        known = {device.publisher_id for device in self._devices}
        gone = [device for device in before if device.publisher_id not in known]
        if not any(device.simulated for device in gone):
            return
        self._window.message_page.reload()
        self._rebuild_live_page()

    def _rebuild_live_page(self) -> None:
        if self._live_page is not None:
            self._live_page = self._live_feed = None
            self.build_live_page()

    def _set_page_focus(self) -> None:
        if self._live_page is not None and self._live_feed is not None:
            self._live_feed.focus = self._focus or ""
            self._live_page.set_focus(self._focus)
        self.history.set_focus(self._focus)

    def _show_book(self) -> None:
        """Follows what people enter about their devices."""
        entered = (self._engine.book, self._engine.corrections)
        if entered != self._entered:
            self._entered = entered
            self._window.devices_panel.set_book(*entered)

    def _show_limits(self) -> None:
        """Follows the profile; a new one judges a moment after it was chosen."""
        limits = self._engine.judgement.limits()
        if limits != self._limits:
            self._limits = limits
            self._window.devices_panel.set_limits(limits)

    def _focus_state(self) -> DeviceState | None:
        return next((d for d in self._devices if d.publisher_id == self._focus), None)

    def _show_freeze(self, missed: int) -> None:
        frozen = self._window.actions_.freeze.isChecked()
        self._window.toolbar.show_freeze(frozen, missed)

    def _restyle_page(self) -> None:
        if self._live_page is not None:
            self._live_page.set_tokens(self._theme.tokens)
