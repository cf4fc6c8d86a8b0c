"""Which settings the dialog shows, and how they are grouped into pages and rows.

Only settings that act are listed. A row holds one or more settings side by side; `shown_if`
names another setting of the page and the value at which the row appears, or a test of it.
`whole_width` is for an editor that explains itself and needs the room of the labels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harit_desktop.settings.model import FIELD_SPECS
from harit_desktop.ui.settings.validation import is_beyond_loopback


@dataclass(frozen=True)
class Row:
    """Settings side by side; an entry of SECRET_KEYS is edited as a hidden text."""

    keys: tuple[str, ...]
    shown_if: tuple[str, Any | Callable[[Any], bool]] | None = None
    line_above: bool = False
    whole_width: bool = False

    def is_shown(self, values: Mapping[str, Any]) -> bool:
        """Whether the row applies to what the page holds now."""
        if self.shown_if is None:
            return True
        key, wanted = self.shown_if
        return bool(wanted(values.get(key))) if callable(wanted) else values.get(key) == wanted


@dataclass(frozen=True)
class Page:
    """One entry of the page list. `icon` is a name of `icons.ICON_NAMES`."""

    name: str
    icon: str
    rows: tuple[Row, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for row in self.rows for key in row.keys)


_TLS_ON = ("broker.tls", True)
_MYSQL = ("storage.backend", "mysql")
_EMAIL = ("alerts.email_to", bool)
_NETWORK = ("builtin_broker.allow_network", True)
_ROUTED = ("routing.mode", lambda mode: mode != "all")

PAGES: tuple[Page, ...] = (
    Page(
        "broker",
        "broker",
        (
            Row(("broker.host", "broker.port", "broker.transport")),
            Row(("broker.ws_path",), shown_if=("broker.transport", "websockets")),
            Row(("broker.topics",)),
            Row(("broker.protocol", "broker.keepalive_s")),
            Row(("broker.client_id",)),
            Row(("broker.timezone",)),
            Row(("broker.tls",), line_above=True),
            Row(("broker.verify_hostname",), shown_if=_TLS_ON),
            Row(("broker.ca_file",), shown_if=_TLS_ON),
            Row(("broker.cert_file",), shown_if=_TLS_ON),
            Row(("broker.key_file",), shown_if=_TLS_ON),
            Row(("broker.key_passphrase",), shown_if=_TLS_ON),
            Row(("broker.username", "broker.password"), line_above=True),
        ),
    ),
    Page(
        "builtin_broker",
        "server",
        (
            Row(("broker.mode",)),
            Row(("builtin_broker.port",)),
            Row(("builtin_broker.engine",)),
            Row(("builtin_broker.allow_network",), line_above=True),
            Row(("builtin_broker.host",), shown_if=_NETWORK),
            Row(("builtin_broker.username", "builtin_broker.password"), shown_if=_NETWORK),
        ),
    ),
    Page(
        "routing",
        "lock",
        (
            Row(("routing.mode",)),
            Row(("routing.devices",), shown_if=_ROUTED),
            Row(("routing.topics",), shown_if=_ROUTED),
            Row(("routing.zones",), shown_if=_ROUTED),
        ),
    ),
    Page(
        "publisher",
        "publisher",
        (
            Row(("publisher.devices", "publisher.interval_s")),
            Row(("publisher.publisher_id",)),
            Row(("publisher.topic",)),
            Row(("publisher.status",)),
            Row(("publisher.seed",)),
        ),
    ),
    Page(
        "storage",
        "database",
        (
            Row(("storage.backend",)),
            Row(("storage.mysql_host", "storage.mysql_port"), shown_if=_MYSQL),
            Row(("storage.mysql_database",), shown_if=_MYSQL),
            Row(("storage.mysql_user", "storage.mysql_password"), shown_if=_MYSQL),
            Row(("storage.mysql_tls",), shown_if=_MYSQL),
            Row(("storage.mysql_ca_file",), shown_if=_MYSQL),
            Row(("storage.spool_limit_mb", "storage.journal_days"), shown_if=_MYSQL),
            Row(("storage.retention_days",), line_above=True),
            Row(("storage.csv_mirror",)),
            Row(("storage.backup_hours", "storage.backup_keep"), line_above=True),
            Row(("storage.backup_dir",)),
        ),
    ),
    Page(
        "api",
        "cloud",
        (
            Row(("api.mode",)),
            Row(("api.url",)),
            Row(("api.token",)),
            Row(("api.poll_s", "api.timeout_s")),
            Row(("publisher.mqtt_retries",)),
            Row(("api.forward",), line_above=True),
        ),
    ),
    Page(
        "local_api",
        "export",
        (
            Row(("local_api.enabled",)),
            Row(("local_api.host", "local_api.port")),
            Row(
                ("local_api.allow_network",),
                shown_if=("local_api.host", is_beyond_loopback),
            ),
            Row(("local_api.token",)),
            Row(("local_api.origins",)),
        ),
    ),
    Page(
        "analysis",
        "leaf",
        (
            Row(("analysis.profile",)),
            Row(("analysis.moisture_basis",), line_above=True),
            Row(("analysis.texture",)),
            Row(("analysis.bulk_density", "analysis.depth_cm")),
            Row(("analysis.co2_location",)),
            Row(("analysis.n_basis",)),
            Row(("analysis.publish",), line_above=True),
            Row(("analysis.home_assistant",), shown_if=("analysis.publish", True)),
        ),
    ),
    Page(
        "alerts",
        "bell",
        (
            Row(("alerts.rules",), whole_width=True),
            Row(("alerts.person",), line_above=True),
            Row(("alerts.quiet_from", "alerts.quiet_to")),
            Row(("alerts.sound",)),
            Row(("alerts.tray",)),
            Row(("alerts.email_to",), line_above=True),
            Row(("alerts.email_from",), shown_if=_EMAIL),
            Row(("alerts.smtp_host", "alerts.smtp_port"), shown_if=_EMAIL),
            Row(("alerts.smtp_tls",), shown_if=_EMAIL),
            Row(("alerts.smtp_user", "alerts.smtp_password"), shown_if=_EMAIL),
            Row(("alerts.webhook_url",), line_above=True),
            Row(("alerts.webhook_token",), shown_if=("alerts.webhook_url", bool)),
        ),
    ),
    Page(
        "appearance",
        "sun",
        (
            Row(("ui.theme",)),
            Row(("ui.text_size",)),
            Row(("ui.close_to_tray",), line_above=True),
            Row(("ui.start_in_tray",)),
            Row(("ui.prevent_sleep",)),
        ),
    ),
)

SHOWN_KEYS: tuple[str, ...] = tuple(key for page in PAGES for key in page.keys)

# Restoring defaults must not give the broker a new client: it keeps our session by this id.
KEPT_BY_DEFAULTS = ("broker.client_id",)

_OBJECT_NAMES = {
    "broker.topics": "settings.broker.topic",
    "broker.ws_path": "settings.broker.path",
    "broker.client_id": "settings.broker.clientId",
    "broker.keepalive_s": "settings.broker.keepalive",
    "broker.verify_hostname": "settings.broker.verify",
    "broker.ca_file": "settings.broker.ca",
    "broker.cert_file": "settings.broker.cert",
    "broker.key_file": "settings.broker.key",
    "broker.username": "settings.broker.user",
    "broker.key_passphrase": "settings.broker.keyPassphrase",
    "broker.mode": "settings.embedded.enable",
    "builtin_broker.port": "settings.embedded.port",
    "builtin_broker.engine": "settings.embedded.engine",
    "builtin_broker.allow_network": "settings.embedded.allowNetwork",
    "builtin_broker.host": "settings.embedded.host",
    "builtin_broker.username": "settings.embedded.user",
    "builtin_broker.password": "settings.embedded.password",
    "publisher.interval_s": "settings.publisher.interval",
    "publisher.publisher_id": "settings.publisher.id",
    "storage.mysql_host": "settings.storage.mysql.host",
    "storage.mysql_port": "settings.storage.mysql.port",
    "storage.mysql_database": "settings.storage.mysql.database",
    "storage.mysql_user": "settings.storage.mysql.user",
    "storage.mysql_password": "settings.storage.mysql.password",
    "storage.mysql_tls": "settings.storage.mysql.tls",
    "storage.mysql_ca_file": "settings.storage.mysql.ca",
    "storage.spool_limit_mb": "settings.storage.spoolLimit",
    "storage.journal_days": "settings.storage.journalDays",
    "storage.retention_days": "settings.storage.retention",
    "storage.csv_mirror": "settings.storage.csvMirror",
    "storage.backup_hours": "settings.storage.backup.hours",
    "storage.backup_keep": "settings.storage.backup.keep",
    "storage.backup_dir": "settings.storage.backup.folder",
    "api.token": "settings.api.key",
    "api.poll_s": "settings.api.interval",
    "api.timeout_s": "settings.api.timeout",
    "publisher.mqtt_retries": "settings.api.retries",
    "local_api.enabled": "settings.localApi.enabled",
    "local_api.host": "settings.localApi.host",
    "local_api.port": "settings.localApi.port",
    "local_api.allow_network": "settings.localApi.allowNetwork",
    "local_api.token": "settings.localApi.token",
    "local_api.origins": "settings.localApi.origins",
    "analysis.moisture_basis": "settings.analysis.moisture",
    "analysis.bulk_density": "settings.analysis.bulkDensity",
    "analysis.depth_cm": "settings.analysis.depth",
    "analysis.co2_location": "settings.analysis.co2",
    "analysis.n_basis": "settings.analysis.nitrogen",
    "analysis.home_assistant": "settings.analysis.homeAssistant",
    "alerts.quiet_from": "settings.alerts.quietFrom",
    "alerts.quiet_to": "settings.alerts.quietTo",
    "alerts.email_to": "settings.alerts.email.to",
    "alerts.email_from": "settings.alerts.email.from",
    "alerts.smtp_host": "settings.alerts.email.host",
    "alerts.smtp_port": "settings.alerts.email.port",
    "alerts.smtp_tls": "settings.alerts.email.tls",
    "alerts.smtp_user": "settings.alerts.email.user",
    "alerts.smtp_password": "settings.alerts.email.password",
    "alerts.webhook_url": "settings.alerts.webhook.url",
    "alerts.webhook_token": "settings.alerts.webhook.token",
    "ui.theme": "settings.appearance.theme",
    "ui.text_size": "settings.appearance.textSize",
    "ui.close_to_tray": "settings.appearance.closeToTray",
    "ui.start_in_tray": "settings.appearance.startInTray",
    "ui.prevent_sleep": "settings.appearance.preventSleep",
}


def object_name(key: str) -> str:
    """The stable name of a setting's editor, for tests and assistive tools."""
    return _OBJECT_NAMES.get(key, f"settings.{key}")


def default_of(key: str) -> Any:
    """A setting's default; an empty text for a secret."""
    spec = FIELD_SPECS.get(key)
    return "" if spec is None else spec.default
