"""The connection in three or four words, for the status bar; the banner says the rest."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import (
    ApiState,
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
)
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import plain

_CONTEXT = "Link"

STALLED = "broker.stalled"

BY_CODE: dict[str, str] = {
    "broker.refused": QT_TRANSLATE_NOOP("Link", "No answer from {host}"),
    "broker.timeout": QT_TRANSLATE_NOOP("Link", "No answer from {host}"),
    "broker.dns": QT_TRANSLATE_NOOP("Link", "Host not found"),
    "broker.unreachable": QT_TRANSLATE_NOOP("Link", "No way to {host}"),
    "broker.no_mqtt": QT_TRANSLATE_NOOP("Link", "No MQTT broker at {host}"),
    "broker.tls": QT_TRANSLATE_NOOP("Link", "No secure connection"),
    "broker.auth": QT_TRANSLATE_NOOP("Link", "Login refused"),
    "broker.not_authorized": QT_TRANSLATE_NOOP("Link", "Not allowed to connect"),
    "broker.rejected": QT_TRANSLATE_NOOP("Link", "Turned away by the broker"),
    "broker.client_id_rejected": QT_TRANSLATE_NOOP("Link", "Client ID refused"),
    "broker.client_id_in_use": QT_TRANSLATE_NOOP("Link", "Client ID in use elsewhere"),
    "broker.lost": QT_TRANSLATE_NOOP("Link", "Connection lost"),
    STALLED: QT_TRANSLATE_NOOP("Link", "Connected, but nothing arrives"),
}

_BUILTIN_SILENT = ("broker.refused", "broker.timeout", "broker.no_mqtt")
_SENDING = (PublisherState.RUNNING, PublisherState.UNCONFIRMED)


def link_text(status: EngineStatus, configured: bool, builtin: bool) -> str:
    """What the subscriber's connection does; `builtin` where our own broker is in use."""
    link = status.link
    tr = QCoreApplication.translate
    if status.api.state is ApiState.IN_USE:
        return tr(_CONTEXT, "Reading through the API…")
    if status.api.needed and status.api.state is ApiState.UNREACHABLE:
        if link.state is LinkState.OFF:
            return tr(_CONTEXT, "The API does not answer")
        if link.state is LinkState.LOST:
            return tr(_CONTEXT, "Neither broker nor API answers")
    if link.state is LinkState.OFF:
        if not configured and status.store.rows == 0:
            return tr(_CONTEXT, "Not connected — choose how to start")
        if status.publisher.state in _SENDING:
            # The publisher has a connection of its own, which goes on.
            return tr(_CONTEXT, "Not receiving — disconnected")
        return tr(_CONTEXT, "Not connected")
    stalled = link.problem is not None and link.problem.code == STALLED
    if link.state is LinkState.CONNECTED and not stalled:
        return tr(_CONTEXT, "Live over MQTT")
    if link.state is LinkState.CONNECTING and link.problem is None:
        return tr(_CONTEXT, "Connecting…")
    return _failure_text(link, builtin)


def _failure_text(link: LinkStatus, builtin: bool) -> str:
    tr = QCoreApplication.translate
    code = link.problem.code if link.problem is not None else "broker.lost"
    if builtin and code in _BUILTIN_SILENT:
        return tr(_CONTEXT, "No answer from the built-in broker")
    source = BY_CODE.get(code)
    if source is None:
        return tr(_CONTEXT, "Not connected")
    return tr(_CONTEXT, source).format(host=plain(link.host))
