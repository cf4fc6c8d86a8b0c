"""Words for profiles: addresses, presets, and what makes one less safe than it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.hosts import is_loopback
from harit_desktop.settings.presets import Preset, is_public_test_broker
from harit_desktop.settings.profile_transfer import Caution
from harit_desktop.ui.settings.validation import check_together, check_value
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import plain

_CONTEXT = "Profiles"

_PRESETS: dict[str, str] = {
    "local": QT_TRANSLATE_NOOP("Profiles", "This computer"),
    "hivemq": QT_TRANSLATE_NOOP("Profiles", "HiveMQ public test broker"),
    "emqx": QT_TRANSLATE_NOOP("Profiles", "EMQX public test broker"),
}
_WAYS: dict[str, str] = {
    "tls": QT_TRANSLATE_NOOP("Profiles", "{name} (TLS)"),
    "tcp": QT_TRANSLATE_NOOP("Profiles", "{name} (not encrypted)"),
    "ws": QT_TRANSLATE_NOOP("Profiles", "{name} (WebSocket, not encrypted)"),
    "wss": QT_TRANSLATE_NOOP("Profiles", "{name} (WebSocket, TLS)"),
}
_CAUTIONS: dict[Caution, str] = {
    "no_tls": QT_TRANSLATE_NOOP(
        "Profiles", "It does not use TLS: readings and password travel readable for others."
    ),
    "no_hostname_check": QT_TRANSLATE_NOOP(
        "Profiles", "It does not check the broker's name: a certificate of another name is taken."
    ),
    "public": QT_TRANSLATE_NOOP(
        "Profiles", "It is a public test broker: everyone can read and write there."
    ),
    "all_topics": QT_TRANSLATE_NOOP(
        "Profiles", "It listens to everything at the broker (#), which can be very much."
    ),
    "own_ca": QT_TRANSLATE_NOOP(
        "Profiles", "It brings a certificate authority, which is trusted for this profile alone."
    ),
    "client_key": QT_TRANSLATE_NOOP(
        "Profiles", "The broker asks for a client certificate; choose yours and its key."
    ),
}


def tr(text: str) -> str:
    """A text of this module in the user's language."""
    return QCoreApplication.translate(_CONTEXT, text)


def preset_name(preset: Preset) -> str:
    """What a preset is called, with the way it is reached where there are several."""
    name = tr(_PRESETS[preset.key.partition("_")[0]])
    return tr(_WAYS[preset.way]).format(name=name) if preset.public else name


def address(values: Mapping[str, Any]) -> str:
    """Host and port on one line."""
    host = plain(str(values["broker.host"]))
    return tr("{host}:{port}").format(host=host, port=values["broker.port"])


def caution_lines(cautions: Sequence[Caution]) -> list[str]:
    """One sentence a caution."""
    return [tr("▲ {warning}").format(warning=tr(_CAUTIONS[caution])) for caution in cautions]


def live_warning(values: Mapping[str, Any]) -> str:
    """What somebody should know before connecting with these values; empty for most."""
    host = str(values.get("broker.host") or "").strip()
    if is_public_test_broker(host):
        return tr(
            "▲ Everyone can read and write at this public test broker. Use it for trials only. "
            "Analyses are not sent there, and simulated sensors start only after a question."
        )
    if values.get("broker.username") and not values.get("broker.tls") and not is_loopback(host):
        return tr("▲ Without TLS, others on the way can read the password.")
    return ""


def mistakes(values: Mapping[str, Any]) -> list[str]:
    """What the settings dialog would object to in values of a file."""
    found = [check_value(key, value) for key, value in values.items()]
    return [text for text in (*found, *check_together(values).values()) if text]
