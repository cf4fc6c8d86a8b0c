"""What pages, settings and their choices are called on screen."""

from PySide6.QtCore import QCoreApplication, QDateTime, QTimeZone

from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_CONTEXT = "Settings"

# The three choices of a setting that is true, false or left to the program.
AUTOMATIC, ON, OFF = "auto", "on", "off"

PAGE_TITLES: dict[str, str] = {
    "broker": QT_TRANSLATE_NOOP("Settings", "Broker"),
    "builtin_broker": QT_TRANSLATE_NOOP("Settings", "Built-in broker"),
    "routing": QT_TRANSLATE_NOOP("Settings", "Devices taken"),
    "publisher": QT_TRANSLATE_NOOP("Settings", "Publisher"),
    "storage": QT_TRANSLATE_NOOP("Settings", "Storage"),
    "api": QT_TRANSLATE_NOOP("Settings", "API fallback"),
    "local_api": QT_TRANSLATE_NOOP("Settings", "Local API"),
    "analysis": QT_TRANSLATE_NOOP("Settings", "Analysis"),
    "alerts": QT_TRANSLATE_NOOP("Settings", "Alerts"),
    "appearance": QT_TRANSLATE_NOOP("Settings", "Appearance"),
}

LABELS: dict[str, str] = {
    "broker.host": QT_TRANSLATE_NOOP("Settings", "Host"),
    "broker.port": QT_TRANSLATE_NOOP("Settings", "Port"),
    "broker.transport": QT_TRANSLATE_NOOP("Settings", "Transport"),
    "broker.ws_path": QT_TRANSLATE_NOOP("Settings", "WebSocket path"),
    "broker.topics": QT_TRANSLATE_NOOP("Settings", "Topics"),
    "broker.protocol": QT_TRANSLATE_NOOP("Settings", "MQTT version"),
    "broker.keepalive_s": QT_TRANSLATE_NOOP("Settings", "Keep alive"),
    "broker.client_id": QT_TRANSLATE_NOOP("Settings", "Client ID"),
    "broker.timezone": QT_TRANSLATE_NOOP("Settings", "Sensor time zone"),
    "broker.tls": QT_TRANSLATE_NOOP("Settings", "Use TLS"),
    "broker.verify_hostname": QT_TRANSLATE_NOOP("Settings", "Check host name"),
    "broker.ca_file": QT_TRANSLATE_NOOP("Settings", "CA certificate"),
    "broker.cert_file": QT_TRANSLATE_NOOP("Settings", "Client certificate"),
    "broker.key_file": QT_TRANSLATE_NOOP("Settings", "Private key"),
    "broker.username": QT_TRANSLATE_NOOP("Settings", "User name"),
    "broker.password": QT_TRANSLATE_NOOP("Settings", "Password"),
    "broker.key_passphrase": QT_TRANSLATE_NOOP("Settings", "Key pass phrase"),
    "broker.mode": QT_TRANSLATE_NOOP("Settings", "Broker in use"),
    "routing.mode": QT_TRANSLATE_NOOP("Settings", "Take readings of"),
    "routing.devices": QT_TRANSLATE_NOOP("Settings", "Devices"),
    "routing.topics": QT_TRANSLATE_NOOP("Settings", "Topics"),
    "routing.zones": QT_TRANSLATE_NOOP("Settings", "Zones"),
    "builtin_broker.port": QT_TRANSLATE_NOOP("Settings", "Port"),
    "builtin_broker.engine": QT_TRANSLATE_NOOP("Settings", "Program"),
    "builtin_broker.allow_network": QT_TRANSLATE_NOOP(
        "Settings", "Let devices on the local network connect"
    ),
    "builtin_broker.host": QT_TRANSLATE_NOOP("Settings", "Listen at"),
    "builtin_broker.username": QT_TRANSLATE_NOOP("Settings", "User name"),
    "builtin_broker.password": QT_TRANSLATE_NOOP("Settings", "Password"),
    "publisher.devices": QT_TRANSLATE_NOOP("Settings", "Devices"),
    "publisher.interval_s": QT_TRANSLATE_NOOP("Settings", "Interval"),
    "publisher.publisher_id": QT_TRANSLATE_NOOP("Settings", "Device name"),
    "publisher.topic": QT_TRANSLATE_NOOP("Settings", "Topic"),
    "publisher.status": QT_TRANSLATE_NOOP("Settings", "Announce online and offline"),
    "publisher.seed": QT_TRANSLATE_NOOP("Settings", "Seed"),
    "storage.backend": QT_TRANSLATE_NOOP("Settings", "Store readings in"),
    "storage.mysql_host": QT_TRANSLATE_NOOP("Settings", "Host"),
    "storage.mysql_port": QT_TRANSLATE_NOOP("Settings", "Port"),
    "storage.mysql_database": QT_TRANSLATE_NOOP("Settings", "Database"),
    "storage.mysql_user": QT_TRANSLATE_NOOP("Settings", "User name"),
    "storage.mysql_password": QT_TRANSLATE_NOOP("Settings", "Password"),
    "storage.mysql_tls": QT_TRANSLATE_NOOP("Settings", "TLS"),
    "storage.mysql_ca_file": QT_TRANSLATE_NOOP("Settings", "CA certificate"),
    "storage.spool_limit_mb": QT_TRANSLATE_NOOP("Settings", "Spool limit"),
    "storage.journal_days": QT_TRANSLATE_NOOP("Settings", "Keep the copy here for"),
    "storage.retention_days": QT_TRANSLATE_NOOP("Settings", "Keep readings for"),
    "storage.csv_mirror": QT_TRANSLATE_NOOP("Settings", "Also write CSV files"),
    "storage.backup_hours": QT_TRANSLATE_NOOP("Settings", "Back up every"),
    "storage.backup_keep": QT_TRANSLATE_NOOP("Settings", "Backups kept"),
    "storage.backup_dir": QT_TRANSLATE_NOOP("Settings", "Backup folder"),
    "api.mode": QT_TRANSLATE_NOOP("Settings", "Read from"),
    "api.url": QT_TRANSLATE_NOOP("Settings", "Address"),
    "api.token": QT_TRANSLATE_NOOP("Settings", "Key"),
    "api.poll_s": QT_TRANSLATE_NOOP("Settings", "Ask every"),
    "api.timeout_s": QT_TRANSLATE_NOOP("Settings", "Time-out"),
    "api.forward": QT_TRANSLATE_NOOP("Settings", "Send readings on to the API"),
    "publisher.mqtt_retries": QT_TRANSLATE_NOOP("Settings", "MQTT retries"),
    "local_api.enabled": QT_TRANSLATE_NOOP("Settings", "Offer the API on this computer"),
    "local_api.host": QT_TRANSLATE_NOOP("Settings", "Listen at"),
    "local_api.port": QT_TRANSLATE_NOOP("Settings", "Port"),
    "local_api.allow_network": QT_TRANSLATE_NOOP(
        "Settings", "Yes, other computers may read and add readings"
    ),
    "local_api.token": QT_TRANSLATE_NOOP("Settings", "Token"),
    "local_api.origins": QT_TRANSLATE_NOOP("Settings", "Allowed pages"),
    "analysis.profile": QT_TRANSLATE_NOOP("Settings", "Profile"),
    "analysis.moisture_basis": QT_TRANSLATE_NOOP("Settings", "Moisture is"),
    "analysis.texture": QT_TRANSLATE_NOOP("Settings", "Soil texture"),
    "analysis.bulk_density": QT_TRANSLATE_NOOP("Settings", "Bulk density"),
    "analysis.depth_cm": QT_TRANSLATE_NOOP("Settings", "Depth of soil"),
    "analysis.co2_location": QT_TRANSLATE_NOOP("Settings", "CO₂ sensor"),
    "analysis.n_basis": QT_TRANSLATE_NOOP("Settings", "Nitrogen is"),
    "analysis.publish": QT_TRANSLATE_NOOP("Settings", "Send every analysis to the broker"),
    "analysis.home_assistant": QT_TRANSLATE_NOOP("Settings", "Announce devices to Home Assistant"),
    "alerts.rules": QT_TRANSLATE_NOOP("Settings", "Alert rules"),
    "alerts.person": QT_TRANSLATE_NOOP("Settings", "Who acknowledges"),
    "alerts.quiet_from": QT_TRANSLATE_NOOP("Settings", "Quiet from"),
    "alerts.quiet_to": QT_TRANSLATE_NOOP("Settings", "to"),
    "alerts.sound": QT_TRANSLATE_NOOP("Settings", "Play a sound with a new alert"),
    "alerts.tray": QT_TRANSLATE_NOOP(
        "Settings", "Show critical alerts beside the clock while the window is hidden"
    ),
    "alerts.email_to": QT_TRANSLATE_NOOP("Settings", "E-mail to"),
    "alerts.email_from": QT_TRANSLATE_NOOP("Settings", "Sender"),
    "alerts.smtp_host": QT_TRANSLATE_NOOP("Settings", "Mail server"),
    "alerts.smtp_port": QT_TRANSLATE_NOOP("Settings", "Port"),
    "alerts.smtp_tls": QT_TRANSLATE_NOOP("Settings", "Encryption"),
    "alerts.smtp_user": QT_TRANSLATE_NOOP("Settings", "User name"),
    "alerts.smtp_password": QT_TRANSLATE_NOOP("Settings", "Password"),
    "alerts.webhook_url": QT_TRANSLATE_NOOP("Settings", "Webhook"),
    "alerts.webhook_token": QT_TRANSLATE_NOOP("Settings", "Token"),
    "ui.theme": QT_TRANSLATE_NOOP("Settings", "Theme"),
    "ui.text_size": QT_TRANSLATE_NOOP("Settings", "Text size"),
    "ui.close_to_tray": QT_TRANSLATE_NOOP("Settings", "Closing the window"),
    "ui.start_in_tray": QT_TRANSLATE_NOOP("Settings", "Start in the tray, without the window"),
    "ui.prevent_sleep": QT_TRANSLATE_NOOP("Settings", "Keep the computer awake while recording"),
}

HINTS: dict[str, str] = {
    "broker.topics": QT_TRANSLATE_NOOP(
        "Settings", "One topic filter a line; + stands for one level, # for all below."
    ),
    "broker.client_id": QT_TRANSLATE_NOOP(
        "Settings", "The broker keeps missed messages under this name. Change it only with care."
    ),
    "broker.timezone": QT_TRANSLATE_NOOP(
        "Settings",
        'For sensor times without a zone: "system", or a name such as Asia/Kolkata.',
    ),
    "broker.ca_file": QT_TRANSLATE_NOOP("Settings", "Empty: the certificates of this computer"),
    "broker.cert_file": QT_TRANSLATE_NOOP("Settings", "Optional, only if the broker asks for one"),
    "broker.key_file": QT_TRANSLATE_NOOP("Settings", "Needed with a client certificate"),
    "broker.password": QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is never in the settings file.",
    ),
    "routing.mode": QT_TRANSLATE_NOOP(
        "Settings",
        "What is left out is listed in Messages as left out, and is stored nowhere else. "
        "A sensor can call itself anything: only the broker's own rules keep a stranger out.",
    ),
    "routing.devices": QT_TRANSLATE_NOOP(
        "Settings",
        "One device ID a line; north-* stands for all that begin with north-. It is enough that "
        "one of these three lists names a reading.",
    ),
    "routing.topics": QT_TRANSLATE_NOOP("Settings", "Topic filters, one a line."),
    "routing.zones": QT_TRANSLATE_NOOP(
        "Settings", "One zone a line, as written in the device's dialog."
    ),
    "broker.key_passphrase": QT_TRANSLATE_NOOP(
        "Settings", "Only where the private key has one. Leave it empty to keep the present one."
    ),
    "builtin_broker.port": QT_TRANSLATE_NOOP(
        "Settings",
        "Only this computer can reach it. If the port is busy, the next free one is used.",
    ),
    "builtin_broker.engine": QT_TRANSLATE_NOOP(
        "Settings",
        "Mosquitto keeps messages over a restart. amqtt is always there, keeps none and speaks "
        "MQTT 3.1.1 only. Both take up to 50 clients and messages of up to 64 KiB.",
    ),
    "builtin_broker.host": QT_TRANSLATE_NOOP(
        "Settings", "0.0.0.0: every network of this computer; or one address of it."
    ),
    "builtin_broker.password": QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is never in the settings file.",
    ),
    "publisher.publisher_id": QT_TRANSLATE_NOOP(
        "Settings", "Further devices get -2, -3 and so on appended."
    ),
    "publisher.status": QT_TRANSLATE_NOOP("Settings", "On the topic harit-samarth/status."),
    "publisher.seed": QT_TRANSLATE_NOOP("Settings", "The same seed makes the same weather."),
    "storage.backend": QT_TRANSLATE_NOOP(
        "Settings",
        "Readings are always written to this computer first, so that none is lost.",
    ),
    "storage.mysql_password": QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is never in the settings file.",
    ),
    "storage.mysql_ca_file": QT_TRANSLATE_NOOP(
        "Settings", "Empty: the certificates of this computer"
    ),
    "storage.journal_days": QT_TRANSLATE_NOOP(
        "Settings",
        "The spool holds what the server has not got yet; what it has got stays here as a copy.",
    ),
    "storage.retention_days": QT_TRANSLATE_NOOP("Settings", "0 keeps every reading for ever."),
    "storage.backup_hours": QT_TRANSLATE_NOOP("Settings", "0 makes none by itself."),
    "storage.backup_dir": QT_TRANSLATE_NOOP("Settings", "Empty: backups in the data folder"),
    "storage.csv_mirror": QT_TRANSLATE_NOOP(
        "Settings",
        "Stored readings also go to sensor_readings.csv, those that came over MQTT to "
        "mqtt_sensor_received.csv too; simulated ones to neither.",
    ),
    "api.mode": QT_TRANSLATE_NOOP(
        "Settings",
        "Automatic reads through the API once the broker is down for twice its keep-alive time, "
        "and returns after 60 s of stable connection.",
    ),
    "api.url": QT_TRANSLATE_NOOP("Settings", "Such as https://farm.example:5000. Empty: no API."),
    "api.token": QT_TRANSLATE_NOOP(
        "Settings", "Leave it empty to keep the present key. It is never in the settings file."
    ),
    "publisher.mqtt_retries": QT_TRANSLATE_NOOP(
        "Settings",
        "How often the publisher tries a broker that has gone, after 1, 2 and 4 s, before it sends "
        "through the API.",
    ),
    "api.forward": QT_TRANSLATE_NOOP(
        "Settings",
        "Every reading stored from now on also goes to the API, for another system that needs "
        "it. Simulated ones and those read from it do not.",
    ),
    "local_api.enabled": QT_TRANSLATE_NOOP(
        "Settings",
        "Answers the same requests as the existing soil-health backend, from the readings "
        "stored here.",
    ),
    "local_api.host": QT_TRANSLATE_NOOP(
        "Settings", "127.0.0.1: this computer alone; 0.0.0.0: every network of it."
    ),
    "local_api.token": QT_TRANSLATE_NOOP(
        "Settings",
        "Leave it empty to keep the present token. Needed for other computers; it is never in "
        "the settings file.",
    ),
    "local_api.origins": QT_TRANSLATE_NOOP(
        "Settings", "Web pages that may ask from a browser, one origin a line."
    ),
    "analysis.profile": QT_TRANSLATE_NOOP(
        "Settings",
        "Readings that come from now on are judged by it; stored ones keep their judgement until "
        "you choose Analysis > Re-analyse.",
    ),
    "analysis.moisture_basis": QT_TRANSLATE_NOOP(
        "Settings",
        "Whether the probe gives percent of the soil's volume or percent of saturation: see its "
        "data sheet.",
    ),
    "analysis.texture": QT_TRANSLATE_NOOP(
        "Settings",
        "Says how much water of its volume the soil can hold, and how dense it usually is.",
    ),
    "analysis.bulk_density": QT_TRANSLATE_NOOP(
        "Settings",
        "For kg per hectare of N, P and K, and for moisture by volume. 0: as is usual for the "
        "texture.",
    ),
    "analysis.co2_location": QT_TRANSLATE_NOOP(
        "Settings",
        "Above the ground crop profiles give CO₂ no points: air tells little about the soil.",
    ),
    "analysis.n_basis": QT_TRANSLATE_NOOP(
        "Settings", "They differ about tenfold. A Soil Health Card states available nitrogen."
    ),
    "analysis.publish": QT_TRANSLATE_NOOP(
        "Settings",
        "On the topic harit-samarth/soil-health/analysis, for other programs and screens.",
    ),
    "analysis.home_assistant": QT_TRANSLATE_NOOP(
        "Settings", "Each device appears there by itself, with its values and its index."
    ),
    "alerts.person": QT_TRANSLATE_NOOP(
        "Settings", "Kept with every alert that is acknowledged on this computer."
    ),
    "alerts.quiet_to": QT_TRANSLATE_NOOP(
        "Settings",
        "Such as 22:00 to 06:00; empty: never. Warnings wait until then, critical alerts do not.",
    ),
    "alerts.email_to": QT_TRANSLATE_NOOP(
        "Settings", "Such as office@farm.example. Empty: no e-mail."
    ),
    "alerts.email_from": QT_TRANSLATE_NOOP("Settings", "Empty: the first recipient"),
    "alerts.smtp_password": QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is never in the settings file.",
    ),
    "alerts.webhook_url": QT_TRANSLATE_NOOP(
        "Settings", "Such as https://farm.example/alerts. Empty: none."
    ),
    "alerts.webhook_token": QT_TRANSLATE_NOOP(
        "Settings", "Leave it empty to keep the present one. It is never in the settings file."
    ),
    "ui.text_size": QT_TRANSLATE_NOOP("Settings", "90 to 150 percent."),
    "ui.start_in_tray": QT_TRANSLATE_NOOP(
        "Settings", "Where the desktop has no tray the window is shown."
    ),
    "ui.prevent_sleep": QT_TRANSLATE_NOOP(
        "Settings", "The screen may still go dark, and you can still send it to sleep yourself."
    ),
}

# What becomes of a password, once it is known whether there is a keyring.
PASSWORD_HINTS: dict[bool, str] = {
    True: QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is stored in the system "
        "keyring, never in the settings file.",
    ),
    False: QT_TRANSLATE_NOOP(
        "Settings",
        "Leave the password empty to keep the present one. It is kept until the program "
        "ends: this computer has no usable keyring.",
    ),
}

# The same of keys and tokens.
KEY_HINTS: dict[bool, str] = {
    True: QT_TRANSLATE_NOOP(
        "Settings",
        "Leave it empty to keep the present one. It is stored in the system keyring, never in "
        "the settings file.",
    ),
    False: QT_TRANSLATE_NOOP(
        "Settings",
        "Leave it empty to keep the present one. It is kept until the program ends: this "
        "computer has no usable keyring.",
    ),
}

CHOICES: dict[str, dict[str, str]] = {
    "broker.mode": {
        "external": QT_TRANSLATE_NOOP("Settings", "The broker at the address on the Broker page"),
        "builtin": QT_TRANSLATE_NOOP("Settings", "The built-in broker of this program"),
    },
    "broker.transport": {
        "tcp": QT_TRANSLATE_NOOP("Settings", "MQTT over TCP"),
        "websockets": QT_TRANSLATE_NOOP("Settings", "WebSocket"),
    },
    "broker.protocol": {
        "auto": QT_TRANSLATE_NOOP("Settings", "Automatic"),
        "5": "5.0",
        "3.1.1": "3.1.1",
    },
    "storage.backend": {
        "sqlite": QT_TRANSLATE_NOOP("Settings", "This computer (SQLite)"),
        "mysql": QT_TRANSLATE_NOOP("Settings", "MySQL or MariaDB server"),
    },
    "storage.mysql_tls": {
        AUTOMATIC: QT_TRANSLATE_NOOP("Settings", "Automatic: on beyond this computer"),
        ON: QT_TRANSLATE_NOOP("Settings", "Always"),
        OFF: QT_TRANSLATE_NOOP("Settings", "Never"),
    },
    "routing.mode": {
        "all": QT_TRANSLATE_NOOP("Settings", "Every device"),
        "allow": QT_TRANSLATE_NOOP("Settings", "Only these"),
        "block": QT_TRANSLATE_NOOP("Settings", "All but these"),
    },
    "builtin_broker.engine": {
        "auto": QT_TRANSLATE_NOOP("Settings", "Mosquitto if installed, else amqtt"),
        "mosquitto": "Mosquitto",
        "amqtt": "amqtt",
    },
    "api.mode": {
        "auto": QT_TRANSLATE_NOOP("Settings", "Automatic: broker, the API while it is down"),
        "mqtt_only": QT_TRANSLATE_NOOP("Settings", "MQTT only"),
        "api_only": QT_TRANSLATE_NOOP("Settings", "Always API"),
    },
    "analysis.moisture_basis": {
        "saturation": QT_TRANSLATE_NOOP("Settings", "Percent of saturation (most probes)"),
        "vwc": QT_TRANSLATE_NOOP("Settings", "Percent of the soil's volume (VWC)"),
    },
    "analysis.texture": {
        "sand": QT_TRANSLATE_NOOP("Settings", "Sand"),
        "loamy_sand": QT_TRANSLATE_NOOP("Settings", "Loamy sand"),
        "sandy_loam": QT_TRANSLATE_NOOP("Settings", "Sandy loam"),
        "loam": QT_TRANSLATE_NOOP("Settings", "Loam"),
        "silt_loam": QT_TRANSLATE_NOOP("Settings", "Silt loam"),
        "silt": QT_TRANSLATE_NOOP("Settings", "Silt"),
        "silty_clay_loam": QT_TRANSLATE_NOOP("Settings", "Silty clay loam"),
        "silty_clay": QT_TRANSLATE_NOOP("Settings", "Silty clay"),
        "clay": QT_TRANSLATE_NOOP("Settings", "Clay"),
    },
    "analysis.co2_location": {
        "surface": QT_TRANSLATE_NOOP("Settings", "Above the ground"),
        "in_soil": QT_TRANSLATE_NOOP("Settings", "In the soil"),
    },
    "analysis.n_basis": {
        "nitrate": QT_TRANSLATE_NOOP("Settings", "Nitrate nitrogen (most probes)"),
        "kmno4": QT_TRANSLATE_NOOP("Settings", "Available nitrogen, as on a Soil Health Card"),
    },
    "ui.close_to_tray": {
        "ask": QT_TRANSLATE_NOOP("Settings", "Ask while readings are recorded"),
        "tray": QT_TRANSLATE_NOOP("Settings", "Keep recording in the tray"),
        "stop": QT_TRANSLATE_NOOP("Settings", "Stop and quit"),
    },
    "alerts.smtp_tls": {
        "starttls": QT_TRANSLATE_NOOP("Settings", "STARTTLS (port 587)"),
        "tls": QT_TRANSLATE_NOOP("Settings", "TLS (port 465)"),
        "none": QT_TRANSLATE_NOOP("Settings", "None"),
    },
    "ui.theme": {
        "auto": QT_TRANSLATE_NOOP("Settings", "As the system"),
        "light": QT_TRANSLATE_NOOP("Settings", "Light"),
        "dark": QT_TRANSLATE_NOOP("Settings", "Dark"),
    },
}

# Their value says what they are; the name is for screen readers only.
SELF_EXPLAINED = ("broker.transport", "alerts.rules")

# Of these the whole text is drawn inside an empty field rather than below it.
PLACEHOLDER_HINTS = (
    "broker.ca_file",
    "broker.cert_file",
    "broker.key_file",
    "storage.mysql_ca_file",
    "storage.backup_dir",
    "api.url",
    "alerts.email_to",
    "alerts.email_from",
    "alerts.webhook_url",
)


TIME_ZONE = QT_TRANSLATE_NOOP(
    "Settings", "Times are shown in the time zone of this computer: {zone} ({offset})."
)


def _translated(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def time_zone_note() -> str:
    """In which zone times are shown; there is nothing to choose."""
    name = bytes(QTimeZone.systemTimeZoneId().data()).decode("ascii", "replace")
    now = QDateTime.currentDateTime()
    offset = now.timeZone().displayName(now, QTimeZone.NameType.OffsetName)
    return _translated(TIME_ZONE).format(zone=name, offset=offset)


def page_title(name: str) -> str:
    """The title of a page of `pages.PAGES`."""
    return _translated(PAGE_TITLES[name])


def label(key: str) -> str:
    """The name of a setting, without a colon."""
    return _translated(LABELS[key])


def hint(key: str) -> str:
    """What the user should know of a setting; empty for most."""
    return _translated(HINTS[key]) if key in HINTS else ""


def secret_hint(key: str, kept: bool) -> str:
    """The hint of a password or key; `kept` where there is a keyring for it."""
    hints = KEY_HINTS if key.endswith(("token", "passphrase")) else PASSWORD_HINTS
    return _translated(hints[kept])


def choice(key: str, value: str) -> str:
    """The words for one choice of a setting."""
    return _translated(CHOICES[key][value])
