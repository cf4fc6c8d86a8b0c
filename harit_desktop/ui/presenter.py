"""Brings the engine's state to the widgets, on the beat of the frame clock.

Polls snapshots and version counters, hands each widget what changed, and never waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import EngineStatus, LinkState
from harit_desktop.ui.actions import RANGE_KEYS
from harit_desktop.ui.export_dialog_scope import ExportScope
from harit_desktop.ui.frame_clock import FrameClock
from harit_desktop.ui.live_feed import LiveFeed, range_start_us
from harit_desktop.ui.notices import notices_of
from harit_desktop.ui.window_state import ViewState

if TYPE_CHECKING:
    from harit_desktop.settings.model import Settings
    from harit_desktop.ui.engine_port import EnginePort
    from harit_desktop.ui.live_page import LivePage
    from harit_desktop.ui.main_window import MainWindow
    from harit_desktop.ui.theme import ThemeController
