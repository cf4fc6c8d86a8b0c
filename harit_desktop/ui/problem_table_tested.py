"""Words for what only a test of a broker finds out: it looks closer than the program does."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_SETTINGS = ("broker_settings", "retry")
_NOTHING_SENT = QT_TRANSLATE_NOOP("Problems", "Not connected, and nothing was sent.")


def _entry(headline: str, advice: str, severity: str = "crit") -> Entry:
    return Entry(severity, headline, _NOTHING_SENT, advice, _SETTINGS)


_TLS: dict[str, Entry] = {
    "broker.tls:self_signed": _entry(
        QT_TRANSLATE_NOOP("Problems", "The broker shows a certificate that it signed itself."),
        QT_TRANSLATE_NOOP(
            "Problems", "Compare it with the broker's owner, then choose it as the CA file."
        ),
    ),
    "broker.tls:clock": _entry(
        QT_TRANSLATE_NOOP("Problems", "This computer's clock is wrong."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "So the broker's certificate seems not to be valid. Set date, time and time zone.",
        ),
    ),
    "broker.tls:client_refused": _entry(
        QT_TRANSLATE_NOOP("Problems", "The broker refused the client certificate."),
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner for one that the broker trusts."),
    ),
    "broker.tls:client_expired": _entry(
        QT_TRANSLATE_NOOP("Problems", "The client certificate of this computer has ended."),
        QT_TRANSLATE_NOOP("Problems", "Ask the broker's owner for a new one."),
    ),
    "broker.tls:key_mismatch": _entry(
        QT_TRANSLATE_NOOP("Problems", "The key does not belong to the client certificate."),
        QT_TRANSLATE_NOOP("Problems", "Choose the two files that were made together."),
    ),
    "broker.tls:passphrase": _entry(
        QT_TRANSLATE_NOOP("Problems", "The pass phrase does not open the key."),
        QT_TRANSLATE_NOOP("Problems", "Enter it again."),
    ),
    "broker.tls:passphrase_missing": _entry(
        QT_TRANSLATE_NOOP("Problems", "The key is locked with a pass phrase."),
        QT_TRANSLATE_NOOP("Problems", "Enter the pass phrase of the key."),
    ),
}

_CONFUSED: dict[str, Entry] = {
    "broker.filtered": _entry(
        QT_TRANSLATE_NOOP("Problems", "A firewall turns the connection to {host}:{port} away."),
        QT_TRANSLATE_NOOP("Problems", "Allow the port on this computer and on the broker's."),
        "warn",
    ),
    "broker.no_mqtt:tls_port": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} expects TLS."),
        QT_TRANSLATE_NOOP("Problems", "Switch TLS on."),
        "warn",
    ),
    "broker.no_mqtt:websocket_port": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} is for WebSockets."),
        QT_TRANSLATE_NOOP(
            "Problems", "Choose WebSocket as the transport, or another port; often it is 1883."
        ),
        "warn",
    ),
    "broker.no_mqtt:tls_websocket_port": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} is for WebSockets with TLS."),
        QT_TRANSLATE_NOOP("Problems", "Choose WebSocket as the transport and switch TLS on."),
        "warn",
    ),
    "broker.no_mqtt:web_server": _entry(
        QT_TRANSLATE_NOOP("Problems", "A web server answers at {host}:{port}."),
        QT_TRANSLATE_NOOP("Problems", "Check the port; for brokers it is often 1883 or 8883."),
        "warn",
    ),
    "broker.websocket": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} takes no WebSocket."),
        QT_TRANSLATE_NOOP("Problems", "Check the port, the transport and the path."),
        "warn",
    ),
    "broker.websocket:tcp_port": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} speaks MQTT without WebSockets."),
        QT_TRANSLATE_NOOP("Problems", "Choose TCP as the transport, or another port."),
        "warn",
    ),
    "broker.websocket:path": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} has no WebSocket under {path}."),
        QT_TRANSLATE_NOOP("Problems", "Check the path; often it is /mqtt."),
        "warn",
    ),
    "broker.websocket:silent": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} does not answer as a WebSocket."),
        QT_TRANSLATE_NOOP("Problems", "Check the port and the transport."),
        "warn",
    ),
    "broker.websocket:login": _entry(
        QT_TRANSLATE_NOOP("Problems", "{host}:{port} wants a login before the WebSocket."),
        QT_TRANSLATE_NOOP("Problems", "That is not possible; ask the broker's owner for another."),
        "warn",
    ),
    "broker.auth:anonymous": _entry(
        QT_TRANSLATE_NOOP("Problems", "The broker wants a user name and a password."),
        QT_TRANSLATE_NOOP("Problems", "Enter those that its owner gave you."),
    ),
    "broker.auth:no_password": _entry(
        QT_TRANSLATE_NOOP(
            "Problems", "The broker refused the user {username}, whose password is not known."
        ),
        QT_TRANSLATE_NOOP("Problems", "Enter the password."),
    ),
}

TESTED_ENTRIES: dict[str, Entry] = {**_TLS, **_CONFUSED}
