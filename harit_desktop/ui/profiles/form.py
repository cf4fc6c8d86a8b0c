"""The values of one broker, edited with the fields of the settings dialog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.settings.presets import is_public_test_broker
from harit_desktop.ui.dialog_parts import say, sentences
from harit_desktop.ui.profiles import profile_texts
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.pages import Page, Row
from harit_desktop.ui.settings.topic_extras import TopicExtras
from harit_desktop.ui.settings.trial_box import AskProbe, TrialBox
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
    """`view` shows the values; its editors are named `connect.host` and so on.

    `ask` tries them; a public test broker in `agreed` needs no further yes.
    """

    changed = Signal()

    def __init__(
        self, tokens: Tokens, parent: QObject, ask: AskProbe | None = None, agreed: str = ""
    ) -> None:
        super().__init__(parent)
        self.view = PageView(_PAGE, tokens)
        self._kept: bool | None = None
        self._known: Mapping[str, bool] = {}
        self._agreed = {_host(agreed)}
        self.trial = TrialBox(self.view, ask, self.tr("Test connection"))
        self._topics = TopicExtras(self.view)
        for widget in self.view.findChildren(QWidget):
            if widget.objectName().startswith(_PREFIX):
                widget.setObjectName("connect." + widget.objectName().removeprefix(_PREFIX))
        self._warning = sentences("connect.warning", "dense", "warn")
        self.view.top.addWidget(self._warning)
        self.consent = QCheckBox(self.tr("Connect although everyone can read and write there"))
        self.consent.setObjectName("connect.public.confirm")
        self.consent.clicked.connect(self._agree)
        self.consent.hide()
        self.view.top.addWidget(self.consent)
        self.view.fields["broker.tls"].edited.connect(self._follow_tls)
        self.view.changed.connect(self._tell)
        set_look(self.view, class_="surface")

    @property
    def consent_missing(self) -> bool:
        """Whether these values are of a public test broker that nobody agreed to."""
        host = _host(self.view.values().get("broker.host"))
        return is_public_test_broker(host) and host not in self._agreed

    def show_values(self, values: Mapping[str, Any], *, blank: bool = False) -> None:
        """Takes settings, and whatever secrets were typed for them before."""
        self.trial.stop()
        self.view.set_values(values, blank=blank)
        self._warn()

    def values(self) -> dict[str, Any]:
        """The settings as they are typed; wrong ones included."""
        return {k: v for k, v in self.view.values().items() if k not in SECRET_KEYS}

    def show_keyring(self, kept: bool) -> None:
        """Says whether a password outlives the program."""
        self._kept = kept
        self._show_notes()

    def show_known(self, known: Mapping[str, bool]) -> None:
        """Says of each secret whether there is one; of one that is left out nothing."""
        if known != self._known:
            self._known = known
            self._show_notes()

    def _show_notes(self) -> None:
        for key in SECRET_KEYS:
            if key in self.view.fields:
                text = profile_texts.secret_note(key, self._known.get(key), self._kept)
                self.view.set_note(key, text)

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

    def _agree(self) -> None:
        host = _host(self.view.values().get("broker.host"))
        if self.consent.isChecked():
            self._agreed.add(host)
        else:
            self._agreed.discard(host)
        self.changed.emit()

    def _warn(self) -> None:
        values = self.view.values()
        say(self._warning, profile_texts.live_warning(values), "warn")
        self.consent.setVisible(is_public_test_broker(_host(values.get("broker.host"))))
        self.consent.setChecked(not self.consent_missing)
        self._topics.update(values)
        self.trial.update()


def _host(value: object) -> str:
    return str(value or "").strip().rstrip(".").lower()
