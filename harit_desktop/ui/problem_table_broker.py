"""Words for what goes wrong with a broker: reaching it, logging in, TLS, the built-in one."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.problem_table_tested import TESTED_ENTRIES
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

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
    "broker.timeout:connack_again": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems", "{host}:{port} still takes connections but no longer answers as a broker."
        ),
        "",
        QT_TRANSLATE_NOOP(
            "Problems", "It worked before: check whether the broker is overloaded or frozen."
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
            "If the broker keeps sessions, what is sent meanwhile arrives later; "
            "see the help on brokers.",
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
            "If the broker keeps sessions, what is sent meanwhile arrives later; "
            "see the help on brokers.",
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
    "broker.session_lost": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems",
            "The broker at {host}:{port} lost what it kept for this program (seen at {at}).",
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "Receiving goes on; what was sent before, while away, may be missing."
        ),
        QT_TRANSLATE_NOOP("Problems", "Let the broker keep its sessions on disk (persistence)."),
        ("dismiss",),
    ),
    "broker.dropped": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Messages that the broker dropped: {count}, last at {at}."),
        QT_TRANSLATE_NOOP(
            "Problems", "Some may have been meant for this program; those are missing here."
        ),
        QT_TRANSLATE_NOOP("Problems", "Raise max_queued_messages of the broker."),
        ("dismiss",),
    ),
    "broker.stalled": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems", "The broker at {host}:{port} has delivered nothing since {at}."
        ),
        QT_TRANSLATE_NOOP("Problems", "The program connects anew; what waits there then arrives."),
        QT_TRANSLATE_NOOP("Problems", "Limit the size of messages at the broker."),
        ("dismiss",),
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
        QT_TRANSLATE_NOOP("Problems", "The broker does not let this user publish to {topic}."),
        "",
        QT_TRANSLATE_NOOP("Problems", "Check the topic, or ask the broker's owner."),
        ("publisher_settings", "broker_settings"),
    ),
    "broker.not_authorized:": Entry(
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

_BUILTIN_AGAIN = QT_TRANSLATE_NOOP("Problems", "The program starts it again.")

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
    "builtin_broker.port_taken": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "Port {port} is used by another program."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "On the network the built-in broker takes no other by itself: the sensors would not "
            "find it. It waits and tries again.",
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "End the other program, or choose another port here and in the sensors."
        ),
        ("builtin_settings",),
    ),
    "builtin_broker.network_consent": Entry(
        "crit",
        QT_TRANSLATE_NOOP(
            "Problems", "The built-in broker is set to an address that other devices reach."
        ),
        QT_TRANSLATE_NOOP("Problems", "It does not start without your consent."),
        QT_TRANSLATE_NOOP(
            "Problems", "Allow devices on the local network, or let it listen at 127.0.0.1."
        ),
        ("builtin_settings",),
    ),
    "builtin_broker.no_password": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker has no password for the network."),
        QT_TRANSLATE_NOOP(
            "Problems", "It does not start: without one everybody on the network could use it."
        ),
        QT_TRANSLATE_NOOP(
            "Problems",
            "Enter the password that the sensors have, or make a new one. Without a system "
            "keyring that is needed at each start.",
        ),
        ("builtin_settings",),
    ),
    "builtin_broker.bad_username": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The user name of the built-in broker cannot be used."),
        QT_TRANSLATE_NOOP("Problems", "The built-in broker does not run."),
        QT_TRANSLATE_NOOP("Problems", "Choose one word without a colon."),
        ("builtin_settings",),
    ),
    "builtin_broker.bad_address": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "{host} is not an address of this computer now."),
        QT_TRANSLATE_NOOP("Problems", "The built-in broker waits and tries again."),
        QT_TRANSLATE_NOOP(
            "Problems", "Connect the network, or let it listen at 0.0.0.0, every address."
        ),
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
}
_BUILTIN |= dict.fromkeys(
    (
        "builtin_broker.crashed",
        "builtin_broker.exited",
        "builtin_broker.stopped",
    ),
    Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker on this computer stopped."),
        _BUILTIN_AGAIN,
        QT_TRANSLATE_NOOP("Problems", "If it happens again, choose another program for it."),
        ("builtin_settings",),
    ),
)
_BUILTIN |= dict.fromkeys(
    (
        "builtin_broker.engine_failed",
        "builtin_broker.start_timeout",
        "builtin_broker.not_started",
        "builtin_broker.bad_arguments",
    ),
    Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker did not start."),
        QT_TRANSLATE_NOOP("Problems", "The program keeps trying to start it."),
        QT_TRANSLATE_NOOP("Problems", "If it goes on, choose another program or port for it."),
        ("builtin_settings",),
    ),
)

_BUILTIN_SILENT = Entry(
    "warn",
    QT_TRANSLATE_NOOP("Problems", "The built-in broker on this computer does not answer."),
    QT_TRANSLATE_NOOP("Problems", "If it has stopped, the program starts it again."),
    QT_TRANSLATE_NOOP("Problems", "If it goes on, choose another program or port for it."),
    ("retry", "builtin_settings"),
    retries=True,
)

# What the same codes say where the broker is our own: advice about other computers and
# their owners would lead astray.
BUILTIN_IN_USE: dict[str, Entry] = dict.fromkeys(
    ("broker.refused", "broker.timeout", "broker.no_mqtt"), _BUILTIN_SILENT
) | {
    "broker.session_lost": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems", "The built-in broker lost what it kept for this program (seen at {at})."
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "Receiving goes on; what was sent before, while away, may be missing."
        ),
        QT_TRANSLATE_NOOP("Problems", "Mosquitto as its program keeps messages over a restart."),
        ("builtin_settings", "dismiss"),
    ),
    "broker.lost": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The built-in broker was lost at {time}."),
        QT_TRANSLATE_NOOP("Problems", "If it has stopped, the program starts it again."),
        "",
        ("retry", "builtin_settings"),
        retries=True,
    ),
}

BROKER_ENTRIES: dict[str, Entry] = {
    **_CONNECTION,
    **_LOGIN,
    **_TLS,
    **_BUILTIN,
    **TESTED_ENTRIES,
}
