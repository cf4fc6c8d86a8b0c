"""Object names that other programs (screen readers' scripts, tests) may rely on."""

from __future__ import annotations

_CHANNELS = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
_EACH_CHANNEL = ("strip", "value", "trend", "chart", "health.contrib")

PROMISED: tuple[str, ...] = (
    *("window.main", "toolbar.main", "button.broker.profile", "button.range.24h"),
    *("button.alerts.open", "tabs.main", "page.live", "page.history", "page.alerts"),
    *("page.messages", "page.first", "dock.devices", "dock.health", "list.devices"),
    *("conn.broker.state", "conn.api.state", "conn.database.state", "conn.spool.depth"),
    *("conn.publisher.state", "banner.alert", "button.banner.ack", "button.banner.mute"),
    *("banner.message", "label.health.index", "label.health.band", "label.health.profile"),
    *(f"{part}.{channel}" for part in _EACH_CHANNEL for channel in _CHANNELS),
    *("first.simulate", "first.connect", "history.range.from", "history.range.to"),
    *("history.compare.soil-01", "history.channels", "chart.history.Moisture"),
    *("history.overview", "history.selection.stats", "button.selection.zoom"),
    *("button.selection.export", "table.alerts", "edit.alerts.filter", "button.alerts.ack"),
    *("panel.alert.detail", "table.messages", "edit.messages.filter"),
    *("button.messages.pause", "text.message.payload", "status.link", "status.lastReading"),
    *("status.rate", "status.rows", "status.clock", "dialog.settings", "list.settings.pages"),
    *("settings.broker.host", "settings.broker.port", "settings.broker.test"),
    *("settings.storage.test", "settings.api.url", "settings.api.test"),
    *("settings.analysis.profile", "settings.alerts.rules", "settings.alerts.onDelay"),
    *("settings.alerts.hysteresis", "settings.alerts.offDelay", "settings.alerts.sound"),
    *("settings.alerts.tray", "settings.appearance.theme", "settings.appearance.textSize"),
    *("settings.ok", "settings.cancel", "settings.apply", "settings.defaults"),
    *("dialog.export", "dialog.export.devices", "dialog.export.range.visible"),
    *("dialog.export.content", "dialog.export.column.N", "dialog.export.separator"),
    *("dialog.export.preview", "dialog.export.save"),
    *("action.publisher.toggle", "action.connect.toggle", "action.file.export"),
    *("action.tools.settings", "action.chart.freeze"),
)
