"""Words for profiles: addresses, presets, and what makes one less safe than it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QFontMetrics

from harit_desktop.domain.hosts import is_loopback
from harit_desktop.settings.presets import Preset, is_public_test_broker
from harit_desktop.settings.profile_transfer import Caution
from harit_desktop.ui.settings.validation import check_together, check_value
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import plain

_CONTEXT = "Profiles"
_LEAST_HEAD = 5

_PRESETS: dict[str, str] = {
    "local": QT_TRANSLATE_NOOP("Profiles", "This computer"),
    "hivemq": QT_TRANSLATE_NOOP("Profiles", "HiveMQ public test broker"),
    "emqx": QT_TRANSLATE_NOOP("Profiles", "EMQX public test broker"),
}
_WAYS: dict[str, str] = {
    "tls": QT_TRANSLATE_NOOP("Profiles", "{name} (TLS)"),
    "tcp": QT_TRANSLATE_NOOP("Profiles", "{name} (not encrypted)"),
    "ws": QT_TRANSLATE_NOOP("Profiles", "{name} (WS, not encrypted)"),
    "wss": QT_TRANSLATE_NOOP("Profiles", "{name} (WS, TLS)"),
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


def elided(name: str, metrics: QFontMetrics, width_px: int) -> str:
    """A name for so much room. What stands in brackets at its end stays, since it often is
    all that tells two profiles from each other."""
    name = plain(name)
    head, bracket, tail = name.rpartition(" (")
    tail = bracket + tail
    room_px = width_px - metrics.horizontalAdvance(tail)
    if head and tail.endswith(")") and room_px >= _LEAST_HEAD * metrics.averageCharWidth():
        return metrics.elidedText(head, Qt.TextElideMode.ElideRight, room_px) + tail
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width_px)


def secret_note(key: str, known: bool | None, kept: bool | None) -> str:
    """What becomes of a password or pass phrase: `known` says whether the profile has one,
    `kept` whether this computer has a keyring; None is not known yet."""
    phrase = key.endswith("passphrase")
    states = {
        None: tr("Only where the private key has one.") if phrase else "",
        True: tr("One is stored: leave this empty to keep it."),
        False: tr("None is stored. It is only needed where the private key has one.")
        if phrase
        else tr("None is stored for this host and user."),
    }
    places = {
        None: "",
        True: tr("What you enter is kept in the system keyring, never in a file."),
        False: tr(
            "What you enter is kept until the program ends: this computer has no usable keyring."
        ),
    }
    return " ".join(text for text in (states[known], places[kept]) if text)


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
