"""The table behind `problem_texts`: one entry a problem code, English source texts.

A key `code:variant` is chosen by the parameter named in `VARIANT_PARAMS`. Placeholders are
the problem's parameters; `{time}` is when the connection's present state began.
"""

from dataclasses import dataclass

from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP


@dataclass(frozen=True)
class Entry:
    """`severity` is info, warn or crit. `retries` adds when the next attempt is due.

    `actions` names the buttons: retry, broker_settings, builtin_settings,
    publisher_settings, storage_settings, show_messages, dismiss.
    """

    severity: str
    headline: str
    doing: str = ""
    advice: str = ""
    actions: tuple[str, ...] = ()
    retries: bool = False


VARIANT_PARAMS = {
    "broker.tls": "cause",
    "broker.lost": "cause",
    "broker.timeout": "phase",
}

_RETRY = ("retry", "broker_settings")
_BROKER = ("broker_settings",)

_CONNECTION: dict[str, Entry] = {
    "broker.refused": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The broker at {host}:{port} does not answer."),
        "",
        QT_TRANSLATE_NOOP(
            "Problems",
            "Check that the broker computer is on and that host and port are right.",
        ),
        _RETRY,
        retries=True,
    ),
    "broker.dns": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", 'No computer named "{host}" was found.'),
        "",
        QT_TRANSLATE_NOOP("Problems", "Check the host name, or use its IP address."),
        _RETRY,
        retries=True,
    ),
    "broker.unreachable": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "There is no way to {host} from this computer."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Check the cable or Wi-Fi and the address."),
        _RETRY,
        retries=True,
    ),
    "broker.timeout": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} did not answer in time."),
        "",
        QT_TRANSLATE_NOOP(
            "Problems", "Check that the broker computer is on and the network works."
        ),
        _RETRY,
        retries=True,
    ),
    "broker.timeout:connack": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems", "{host}:{port} took the connection but did not answer as a broker."
        ),
        "",
        QT_TRANSLATE_NOOP(
            "Problems",
            "Check the port, and whether this port wants TLS or an older MQTT version.",
        ),
        _RETRY,
        retries=True,
    ),
    "broker.no_mqtt": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} answers, but not as an MQTT broker."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Check the port; brokers with TLS often use 8883."),
        _RETRY,
        retries=True,
    ),
    "broker.lost": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Connection to the broker was lost at {time}."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "The broker keeps what is sent meanwhile; it arrives once the connection is back.",
        ),
        "",
        _RETRY,
        retries=True,
    ),
    "broker.lost:keepalive": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The broker stopped answering at {time}."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "The broker keeps what is sent meanwhile; it arrives once the connection is back.",
        ),
        "",
        _RETRY,
        retries=True,
    ),
    "broker.lost:internal": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The connection ended because of a fault in this program."),
        QT_TRANSLATE_NOOP("Problems", "It is being built anew; nothing is lost."),
        "",
        ("retry",),
        retries=True,
    ),
    "broker.rejected": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The broker does not take the connection now: {reason}."),
        "",
        QT_TRANSLATE_NOOP("Problems", "If it stays so, ask the broker's owner."),
        _RETRY,
        retries=True,
    ),
    "broker.qos_lowered": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The broker delivers {topic} without confirmation."),
        QT_TRANSLATE_NOOP(
            "Problems", "Readings are received, but one may be lost when the network fails."
        ),
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner to allow QoS 1."),
        ("dismiss",),
    ),
}

_LOGIN: dict[str, Entry] = {
    "broker.auth": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker refused the user name or password."),
        QT_TRANSLATE_NOOP("Problems", "Trying less often, to avoid a lock-out."),
        QT_TRANSLATE_NOOP("Problems", "Enter them again, or ask the broker's owner."),
        ("broker_settings", "retry"),
    ),
    "broker.not_authorized": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker does not allow this user to connect."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner for permission."),
        ("broker_settings", "retry"),
    ),
    "broker.subscribe_denied": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker does not let this user read {topic}."),
        QT_TRANSLATE_NOOP("Problems", "The connection stays; no reading of it arrives."),
        QT_TRANSLATE_NOOP("Problems", "Check the topics, or ask the broker's owner."),
        _BROKER,
    ),
    "broker.client_id_rejected": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", 'The broker does not accept the client ID "{client_id}".'),
        "",
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner which names are allowed."),
        _BROKER,
    ),
    "broker.client_id_in_use": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Another program uses this program's client ID."),
        QT_TRANSLATE_NOOP("Problems", "The broker ended the connection in its favour."),
        QT_TRANSLATE_NOOP("Problems", "Close the other program, or give one a new client ID."),
        _RETRY,
        retries=True,
    ),
}

_NOTHING_SENT = QT_TRANSLATE_NOOP("Problems", "Not connected, and nothing was sent.")

_TLS: dict[str, Entry] = {
    "broker.tls": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "No secure connection to {host}:{port} came about."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Check the TLS settings, or ask the broker's owner."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:untrusted": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker's certificate is not trusted."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Choose the farm's CA file, or ask for it."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:expired": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker's certificate has expired."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP(
            "Problems", "Check this computer's clock, then ask the broker's owner to renew it."
        ),
        ("broker_settings", "retry"),
    ),
    "broker.tls:not_yet_valid": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker's certificate is not valid yet."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Check the date and time of this computer."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:hostname": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker's certificate is for another name than {host}."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Use the name in the certificate as the host."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:not_tls": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} does not speak TLS."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Check the port; brokers with TLS often use 8883."),
        _RETRY,
        retries=True,
    ),
    "broker.tls:protocol": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker offers only an outdated TLS version."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner for TLS 1.2 or newer."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:client_certificate": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The broker wants a client certificate, or refused ours."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Choose the certificate and key that its owner gave you."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:ca_file": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The CA file cannot be read: {detail}."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Choose the file again."),
        ("broker_settings", "retry"),
    ),
    "broker.tls:cert_file": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "Client certificate or key cannot be used: {detail}."),
        _NOTHING_SENT,
        QT_TRANSLATE_NOOP("Problems", "Choose both files again."),
        ("broker_settings", "retry"),
    ),
}

_BUILTIN_AGAIN = QT_TRANSLATE_NOOP("Problems", "It is started again by itself.")

_BUILTIN: dict[str, Entry] = {
    "builtin_broker.port_moved": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "Port {asked_port} is used by another program."),
        QT_TRANSLATE_NOOP("Problems", "The built-in broker uses {port} instead."),
        "",
        ("dismiss",),
    ),
    "builtin_broker.port_busy": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The ports from {port} on are used by other programs."),
        QT_TRANSLATE_NOOP("Problems", "The built-in broker waits and tries again."),
        QT_TRANSLATE_NOOP("Problems", "Choose another port."),
        ("builtin_settings",),
    ),
    "builtin_broker.engine_missing": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The chosen broker program is not installed."),
        QT_TRANSLATE_NOOP("Problems", "The built-in broker does not run."),
        QT_TRANSLATE_NOOP("Problems", "Install it, or choose another program."),
        ("builtin_settings",),
    ),
    "builtin_broker.folder": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker cannot write to its folder."),
        _BUILTIN_AGAIN,
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder and free some space."),
        ("storage_settings",),
    ),
    "builtin_broker.ended": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker ended by itself."),
        _BUILTIN_AGAIN,
        QT_TRANSLATE_NOOP("Problems", "If it happens again, choose another program for it."),
        ("builtin_settings",),
    ),
} | dict.fromkeys(
    (
        "builtin_broker.engine_failed",
        "builtin_broker.crashed",
        "builtin_broker.exited",
        "builtin_broker.start_timeout",
        "builtin_broker.not_started",
        "builtin_broker.not_loopback",
        "builtin_broker.bad_arguments",
        "builtin_broker.stopped",
    ),
    Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker did not start."),
        QT_TRANSLATE_NOOP("Problems", "It is tried again by itself."),
        QT_TRANSLATE_NOOP("Problems", "Try another program or port for it."),
        ("builtin_settings",),
    ),
)

_WAITING_READINGS = QT_TRANSLATE_NOOP(
    "Problems", "New readings wait with the broker and in memory; none is confirmed unstored."
)

_STORE: dict[str, Entry] = {
    "store.full": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The disk is full."),
        QT_TRANSLATE_NOOP(
            "Problems", "New readings wait with the broker; recording resumes by itself."
        ),
        QT_TRANSLATE_NOOP("Problems", "Free 200 MB on the disk of the data folder."),
        ("storage_settings",),
    ),
    "store.locked": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Another program holds the database."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Close the program that has harit.db open."),
        ("storage_settings",),
    ),
    "store.read_only": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database cannot be written to."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("storage_settings",),
    ),
    "store.failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database reported an error."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Copy the details and keep the data folder as it is."),
        ("storage_settings",),
    ),
    "store.delete_failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The simulated data could not be deleted."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was changed."),
        QT_TRANSLATE_NOOP("Problems", "Try it again."),
        ("dismiss",),
    ),
}

_PROGRAM: dict[str, Entry] = {
    "settings.damaged": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The settings file could not be read."),
        QT_TRANSLATE_NOOP("Problems", "The defaults are in use; the file is kept as {kept_as}."),
        "",
        ("dismiss",),
    ),
    "settings.bad_value": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", 'The setting {key} has an unusable value: "{value}".'),
        QT_TRANSLATE_NOOP("Problems", "Its default is in use."),
        "",
        ("dismiss",),
    ),
    "settings.unknown_key": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "The settings file has an unknown entry: {key}."),
        QT_TRANSLATE_NOOP("Problems", "It is kept, and has no effect."),
        "",
        ("dismiss",),
    ),
    "settings.not_saved": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The settings could not be saved: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The old settings stay in force."),
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("dismiss",),
    ),
    "secrets.session_only": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "This computer has no keyring for the password."),
        QT_TRANSLATE_NOOP("Problems", "It is kept in memory until the program ends."),
        "",
        ("dismiss",),
    ),
    "secrets.keyring": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The system keyring did not give the password."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Unlock it, or enter the password again."),
        ("broker_settings",),
    ),
    "worker.crashed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "A part of the program failed and was started again."),
        QT_TRANSLATE_NOOP("Problems", "Nothing confirmed is lost."),
        QT_TRANSLATE_NOOP("Problems", "If it happens again, send us the log file."),
        ("dismiss",),
    ),
    "worker.down": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "A part of the program failed again and again."),
        QT_TRANSLATE_NOOP("Problems", "It stays off; readings wait with the broker."),
        QT_TRANSLATE_NOOP("Problems", "Start the program anew, and send us the log file."),
        (),
    ),
    "command.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "What you asked for failed because of a program fault."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Try again; if it stays so, send us the log file."),
        ("dismiss",),
    ),
    "query.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Stored data could not be read."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Try again; if it stays so, send us the log file."),
        ("dismiss",),
    ),
    "timezone.unknown": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The sensor time zone is not known on this computer."),
        QT_TRANSLATE_NOOP("Problems", "The settings before stay in force."),
        QT_TRANSLATE_NOOP("Problems", "Choose another one."),
        _BROKER,
    ),
}

ENTRIES: dict[str, Entry] = {**_CONNECTION, **_LOGIN, **_TLS, **_BUILTIN, **_STORE, **_PROGRAM}

GENERIC = Entry(
    "warn",
    QT_TRANSLATE_NOOP("Problems", "Something went wrong."),
    "",
    QT_TRANSLATE_NOOP("Problems", "Details say what; copy them if you ask for help."),
    ("dismiss",),
)
