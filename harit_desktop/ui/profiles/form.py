"""The values of one broker, edited with the fields of the settings dialog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.ui.dialog_parts import say, sentences
from harit_desktop.ui.profiles import profile_texts
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.pages import Page, Row
from harit_desktop.ui.theme import Tokens, set_look

_TLS_ON = ("broker.tls", True)
_PREFIX = "settings.broker."
_USUAL_PORTS = {(True, "1883"): "8883", (False, "8883"): "1883"}

_PAGE = Page(
    "broker",
    "broker",
    (
        Row(("broker.host", "broker.port")),
        Row(("broker.transport",)),
        Row(("broker.ws_path",), shown_if=("broker.transport", "websockets")),
        Row(("broker.username",)),
        Row(("broker.password",)),
        Row(("broker.tls",), line_above=True),
        Row(("broker.verify_hostname",), shown_if=_TLS_ON),
        Row(("broker.ca_file",), shown_if=_TLS_ON),
        Row(("broker.cert_file",), shown_if=_TLS_ON),
        Row(("broker.key_file",), shown_if=_TLS_ON),
        Row(("broker.key_passphrase",), shown_if=_TLS_ON),
        Row(("broker.topics",), line_above=True),
    ),
)


class ProfileForm(QObject):
    """`view` shows the values; its editors are named `connect.host` and so on."""

    changed = Signal()

    def __init__(self, tokens: Tokens, parent: QObject) -> None:
        super().__init__(parent)
        self.view = PageView(_PAGE, tokens)
        for widget in self.view.findChildren(QWidget):
            if widget.objectName().startswith(_PREFIX):
                widget.setObjectName("connect." + widget.objectName().removeprefix(_PREFIX))
        self._warning = sentences("connect.warning", "dense", "warn")
        self.view.top.addWidget(self._warning)
        self.view.fields["broker.tls"].edited.connect(self._follow_tls)
        self.view.changed.connect(self._tell)
        set_look(self.view, class_="surface")

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Takes settings, and whatever secrets were typed for them before."""
        self.view.set_values(values)
        self._warn()

    def values(self) -> dict[str, Any]:
        """The settings as they are typed; wrong ones included."""
        return {k: v for k, v in self.view.values().items() if k not in SECRET_KEYS}

    def show_keyring(self, kept: bool) -> None:
        """Says whether a password outlives the program."""
        for key in SECRET_KEYS:
            if key in self.view.fields:
                self.view.set_note(key, labels.secret_hint(key, kept))

    def secrets(self) -> dict[str, str]:
        """What was typed as password and pass phrase."""
        return {k: v for k, v in self.view.values().items() if k in SECRET_KEYS and v}

    def check(self) -> bool:
        """Shows what is wrong; False and the focus there where something is."""
        self.view.check()
        wrong = next(iter(self.view.problems), None)
        if wrong is not None:
            self.view.fields[wrong].setFocus()
        return wrong is None

    def _follow_tls(self) -> None:
        """Moves between the two usual ports, unless another one was chosen."""
        tls, port = self.view.fields["broker.tls"], self.view.fields["broker.port"]
        other = _USUAL_PORTS.get((bool(tls.value()[0]), str(port.value()[0])))
        if other is not None:
            port.set_value(other)

    def _tell(self) -> None:
        self._warn()
        self.changed.emit()

    def _warn(self) -> None:
        say(self._warning, profile_texts.live_warning(self.view.values()), "warn")
