"""How the window names the broker and itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.domain.status import EngineStatus
    from harit_desktop.settings.model import Settings


def broker_name(settings: Settings, status: EngineStatus, configured: bool) -> str:
    """The broker in use: "Built-in broker", a host name, or that none is set."""
    if not configured:
        return QCoreApplication.translate("Titles", "No broker set")
    if settings.broker.mode == "builtin":
        return QCoreApplication.translate("Titles", "Built-in broker")
    return plain(status.link.host or settings.broker.host)


def window_title(broker: str, simulated: bool) -> str:
    """The text of the title bar; `broker` empty where none is set."""
    if not broker:
        return QCoreApplication.translate("Titles", "Harit Desktop")
    if simulated:
        text = QCoreApplication.translate("Titles", "Harit Desktop — {broker} — Simulated data")
    else:
        text = QCoreApplication.translate("Titles", "Harit Desktop — {broker}")
    return text.format(broker=broker)
