"""The settings tree: every setting's name, type, default and range.

The names are part of the outside contract (settings.toml, `--set`, environment); the
settings dialog is generated from `field_specs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from harit_desktop.domain.alert import DEFAULT_RULES, AlertRule
from harit_desktop.domain.hosts import is_loopback

# Control, bidirectional and invisible characters would disguise a name; @ could hide
# credentials in it.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_HOST = rf"^[^\s@/{_UNSEEN}]+$"
_VISIBLE = rf"^[^{_UNSEEN}]*[^\s{_UNSEEN}][^{_UNSEEN}]*$"
_TOPIC = rf"^[^#+{_UNSEEN}]+$"
_ONE_LINE = rf"^[^{_UNSEEN}]*$"

Port = Annotated[int, Meta(ge=1, le=65535)]
OneLine = Annotated[str, Meta(max_length=250, pattern=_ONE_LINE)]
ProfileSlug = Annotated[str, Meta(max_length=48, pattern=r"^([a-z0-9][a-z0-9-]*)?$")]
ProfileName = Annotated[str, Meta(min_length=1, max_length=60, pattern=_VISIBLE)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class BrokerSettings(_Section, frozen=True):
    mode: Literal["external", "builtin"] = "external"
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=_HOST)] = "127.0.0.1"
    port: Port = 1883
    transport: Literal["tcp", "websockets"] = "tcp"
    ws_path: str = "/mqtt"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify_hostname: bool = True
    username: str = ""
    client_id: Annotated[str, Meta(max_length=65)] = ""
    keepalive_s: Annotated[int, Meta(ge=5, le=3600, extra={"unit": "s"})] = 30
    topics: Annotated[tuple[str, ...], Meta(min_length=1)] = ("harit-samarth/sensor/data",)
    share_group: str = ""
    timezone: Annotated[str, Meta(min_length=1)] = "system"
    profile: ProfileSlug = ""
    """Which broker profile these values are of; passwords are kept under its name."""


class PublisherSettings(_Section, frozen=True):
    enabled: bool = False
    interval_s: Annotated[float, Meta(ge=0.1, le=3600, extra={"unit": "s"})] = 60.0
    devices: Annotated[int, Meta(ge=1, le=50)] = 1
    publisher_id: Annotated[str, Meta(min_length=1, max_length=60, pattern=_VISIBLE)] = (
        "simulator-01"
    )
    topic: Annotated[str, Meta(min_length=1, pattern=_TOPIC)] = "harit-samarth/sensor/data"
    status: bool = True
    mqtt_retries: Annotated[int, Meta(ge=0, le=10)] = 3
    scenario: Literal["normal"] = "normal"
    seed: int = 0


class StorageSettings(_Section, frozen=True):
    backend: Literal["sqlite", "mysql"] = "sqlite"
    mysql_host: str = "127.0.0.1"
    mysql_port: Port = 3306
    mysql_database: str = "soil_health_db"
    mysql_user: str = ""
    mysql_tls: bool | None = None
    mysql_ca_file: str = ""
    retention_days: Annotated[int, Meta(ge=0, extra={"unit": "d"})] = 0
    spool_limit_mb: Annotated[int, Meta(ge=10, le=10_000, extra={"unit": "MB"})] = 500
    journal_days: Annotated[int, Meta(ge=1, le=3650, extra={"unit": "d"})] = 30
    csv_mirror: bool = True
    backup_hours: Annotated[int, Meta(ge=0, le=8760, extra={"unit": "h"})] = 24
    backup_keep: Annotated[int, Meta(ge=1, le=365)] = 7
    backup_dir: str = ""

    @property
    def uses_server(self) -> bool:
        """Whether readings go on from the local store to a database server."""
        return self.backend == "mysql"

    @property
    def mysql_encrypted(self) -> bool:
        """Whether TLS is used: as chosen, else wherever the server is another computer."""
        if self.mysql_tls is not None:
            return self.mysql_tls
        return not is_loopback(self.mysql_host)


class ApiSettings(_Section, frozen=True):
    mode: Literal["auto", "mqtt_only", "api_only"] = "auto"
    url: str = ""
    poll_s: Annotated[float, Meta(ge=1, le=3600, extra={"unit": "s"})] = 10.0
    timeout_s: Annotated[float, Meta(ge=1, le=30, extra={"unit": "s"})] = 10.0
    forward: bool = False


class LocalApiSettings(_Section, frozen=True):
    enabled: bool = False
    host: str = "127.0.0.1"
    port: Port = 5000
    origins: tuple[str, ...] = ("http://localhost:8080",)
    allow_network: bool = False
    """A person agreed that other computers may reach it; needed for any host but loopback."""


class BuiltinBrokerSettings(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 1883
    engine: Literal["auto", "mosquitto", "amqtt"] = "auto"
    username: OneLine = "harit"
    allow_network: bool = False
    """A person agreed that other devices may reach it; needed for any host but loopback,
    where it also asks for `username` and the secret `builtin_broker.password`."""


class RoutingSettings(_Section, frozen=True):
    """Whose messages are taken: `mode` allow takes only what the lists name, block all but
    that. `devices` are publisher ids, `topics` MQTT filters, `zones` names of zones."""

    mode: Literal["all", "allow", "block"] = "all"
    devices: tuple[OneLine, ...] = ()
    topics: tuple[OneLine, ...] = ()
    zones: tuple[OneLine, ...] = ()


class AnalysisSettings(_Section, frozen=True):
    profile: str = "classic"
    moisture_basis: Literal["saturation", "vwc"] = "saturation"
    texture: Literal[
        "sand",
        "loamy_sand",
        "sandy_loam",
        "loam",
        "silt_loam",
        "silt",
        "silty_clay_loam",
        "silty_clay",
        "clay",
    ] = "loam"
    bulk_density: Annotated[float, Meta(ge=0, le=2, extra={"unit": "g/cm³"})] = 0.0
    """0: as is usual for the texture."""
    depth_cm: Annotated[float, Meta(ge=1, le=300, extra={"unit": "cm"})] = 15.0
    co2_location: Literal["surface", "in_soil"] = "surface"
    n_basis: Literal["nitrate", "kmno4"] = "nitrate"
    publish: bool = True
    home_assistant: bool = False


_CLOCK = r"^$|^([01][0-9]|2[0-3]):[0-5][0-9]$"


class AlertSettings(_Section, frozen=True):
    """`quiet_from` and `quiet_to` are "HH:MM" by the local clock, "" for no quiet hours;
    `person` is who acknowledges. An empty `email_to` or `webhook_url` sends nothing."""

    rules: tuple[AlertRule, ...] = DEFAULT_RULES
    quiet_from: Annotated[str, Meta(pattern=_CLOCK)] = ""
    quiet_to: Annotated[str, Meta(pattern=_CLOCK)] = ""
    sound: bool = False
    tray: bool = True
    person: OneLine = ""
    email_to: OneLine = ""
    email_from: OneLine = ""
    smtp_host: OneLine = ""
    smtp_port: Port = 587
    smtp_user: OneLine = ""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    webhook_url: Annotated[str, Meta(max_length=2000, pattern=_ONE_LINE)] = ""


class UiSettings(_Section, frozen=True):
    language: Literal["auto", "en", "hi", "mr"] = "auto"
    theme: Literal["auto", "light", "dark"] = "auto"
    text_size: Annotated[int, Meta(ge=90, le=150, extra={"unit": "%"})] = 100
    digits: Literal["latin", "devanagari"] = "latin"
    close_to_tray: Literal["ask", "tray", "stop"] = "ask"
    start_in_tray: bool = False
    prevent_sleep: bool = True


class Settings(_Section, frozen=True):
    """All settings of one data folder. Secrets are not here: see `settings.secrets`."""

    broker: BrokerSettings = BrokerSettings()
    publisher: PublisherSettings = PublisherSettings()
    storage: StorageSettings = StorageSettings()
    api: ApiSettings = ApiSettings()
    local_api: LocalApiSettings = LocalApiSettings()
    builtin_broker: BuiltinBrokerSettings = BuiltinBrokerSettings()
    routing: RoutingSettings = RoutingSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    alerts: AlertSettings = AlertSettings()
    ui: UiSettings = UiSettings()


SECRET_KEYS = (
    "broker.password",
    "broker.key_passphrase",
    "storage.mysql_password",
    "api.token",
    "local_api.token",
    "alerts.smtp_password",
    "alerts.webhook_token",
    "builtin_broker.password",
)


class FieldSpec(msgspec.Struct, frozen=True):
    """What the settings dialog and the command line need to know of one setting.

    `kind` is bool, int, float, str, choice or list; `minimum`/`maximum` bound the value
    of a number and the length of a text.
    """

    section: str
    name: str
    kind: Literal["bool", "int", "float", "str", "choice", "list"]
    default: Any
    optional: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"


def _field_spec(section: str, field: msgspec.structs.FieldInfo, annotation: Any) -> FieldSpec:
    metas = [meta for meta in getattr(annotation, "__metadata__", ()) if isinstance(meta, Meta)]
    base = annotation.__origin__ if metas else annotation
    optional = type(None) in get_args(base)
    if optional:
        base = next(arg for arg in get_args(base) if arg is not type(None))
    minimum: float | None = None
    maximum: float | None = None
    unit = ""
    for meta in metas:
        minimum = meta.ge if meta.ge is not None else meta.min_length
        maximum = meta.le if meta.le is not None else meta.max_length
        unit = (meta.extra or {}).get("unit", "")
    choices: tuple[str, ...] = ()
    kind: Any = "list"
    if get_origin(base) is Literal:
        kind, choices = "choice", get_args(base)
    elif get_origin(base) is not tuple:
        kind = base.__name__
    return FieldSpec(
        section, field.name, kind, field.default, optional, choices, minimum, maximum, unit
    )


def field_specs() -> Iterator[FieldSpec]:
    """Every setting, in the order of the tree."""
    for section in msgspec.structs.fields(Settings):
        hints = get_type_hints(section.type, include_extras=True)
        for field in msgspec.structs.fields(section.type):
            yield _field_spec(section.name, field, hints[field.name])


FIELD_SPECS: dict[str, FieldSpec] = {spec.key: spec for spec in field_specs()}
