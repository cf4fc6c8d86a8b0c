"""What the History page says when it has nothing to draw, and why."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.spans import Span

_CONTEXT = "History"


def empty_text(data: HistoryData, lead: str | None, span: Span, now_us: int) -> str:
    """Why there is no line in a strip."""
    tr = QCoreApplication.translate
    if not data.devices and not data.slots:
        return tr(_CONTEXT, "No devices yet. Their history appears here by itself.")
    if lead is None:
        return tr(_CONTEXT, "Choose a device to compare.")
    if not data.is_loaded(lead, span, now_us):
        return tr(_CONTEXT, "Reading the store…")
    return tr(_CONTEXT, "No readings in this range")


def page_state(failed: bool, busy: bool, compared: bool, away: bool) -> str:
    """The page's property `state`."""
    if failed:
        return "error"
    if busy:
        return "loading"
    if not compared:
        return "empty"
    return "partial" if away else "ready"
