"""What the alert about a broker says where the broker did answer, by the problem's code.

Each has what fills the table now and afterwards, the title, the banner and the advice. Where a
code is not here, nothing answered.
"""

from __future__ import annotations

from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_Texts = tuple[str, str, str, str, str]

_LOGIN: _Texts = (
    QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} refuses the login"),
    QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} refused the login"),
    QT_TRANSLATE_NOOP("Alerts", "Login refused"),
    QT_TRANSLATE_NOOP("Alerts", "the broker at {host}:{port} refuses the login."),
    QT_TRANSLATE_NOOP("Alerts", "Check user name and password under Settings > Broker."),
)
_SECURE: _Texts = (
    QT_TRANSLATE_NOOP("Alerts", "No secure connection to the broker at {host}:{port}"),
    QT_TRANSLATE_NOOP("Alerts", "There was no secure connection to the broker at {host}:{port}"),
    QT_TRANSLATE_NOOP("Alerts", "No secure connection"),
    QT_TRANSLATE_NOOP("Alerts", "no secure connection to the broker at {host}:{port} comes about."),
    QT_TRANSLATE_NOOP("Alerts", "Test connection, under Settings > Broker, says what is wrong."),
)
_REFUSED: _Texts = (
    QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} turns this program away"),
    QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} turned this program away"),
    QT_TRANSLATE_NOOP("Alerts", "Turned away by the broker"),
    QT_TRANSLATE_NOOP("Alerts", "the broker at {host}:{port} turns this program away."),
    QT_TRANSLATE_NOOP("Alerts", "Test connection, under Settings > Broker, says what is wrong."),
)
_NO_BROKER: _Texts = (
    QT_TRANSLATE_NOOP("Alerts", "What answers at {host}:{port} is not an MQTT broker"),
    QT_TRANSLATE_NOOP("Alerts", "What answered at {host}:{port} was not an MQTT broker"),
    QT_TRANSLATE_NOOP("Alerts", "Not an MQTT broker"),
    QT_TRANSLATE_NOOP("Alerts", "what answers at {host}:{port} is not an MQTT broker."),
    QT_TRANSLATE_NOOP("Alerts", "Check port and TLS under Settings > Broker."),
)

BROKER_WORDS: dict[str, _Texts] = {
    "broker.auth": _LOGIN,
    "broker.tls": _SECURE,
    "broker.no_mqtt": _NO_BROKER,
    "broker.not_authorized": _REFUSED,
    "broker.rejected": _REFUSED,
    "broker.client_id_rejected": _REFUSED,
    "broker.client_id_in_use": _REFUSED,
    "broker.subscribe_denied": _REFUSED,
}
