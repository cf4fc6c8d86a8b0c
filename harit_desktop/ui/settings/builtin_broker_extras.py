"""What the built-in broker's page shows beside its settings: who can reach it, what a sensor
needs to know, and a password that the program makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout

from harit_desktop.broker.addresses import OwnAddress
from harit_desktop.broker.login import make_password
from harit_desktop.domain.routing import topic_matches
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.fields import SecretField
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.pages import default_of
from harit_desktop.ui.settings.sensor_card import Offer, SensorCard
from harit_desktop.ui.settings.validation import is_beyond_loopback
from harit_desktop.ui.theme import set_look

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle

HOST, PORT, MODE = "builtin_broker.host", "builtin_broker.port", "broker.mode"
CONSENT, USER = "builtin_broker.allow_network", "builtin_broker.username"
PASSWORD = "builtin_broker.password"
EVERY_ADDRESS, THIS_COMPUTER = "0.0.0.0", "127.0.0.1"
_EVERY = (EVERY_ADDRESS, "::")
ASK_EVERY_S = 5.0
"""A cable is plugged in, a network joined."""

AskAddresses = Callable[[], "QueryHandle[tuple[OwnAddress, ...]]"]
AskPassword = Callable[[], "QueryHandle[str | None]"]


class BuiltinBrokerExtras(QObject):
    """`settings.embedded.sensor` is what to type into a sensor.

    `ask_addresses` looks for this computer's addresses, `ask_password` for the password in
    force; without them none is known.
    """

    def __init__(
        self,
        view: PageView,
        ask_addresses: AskAddresses | None = None,
        ask_password: AskPassword | None = None,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._ask_addresses, self._ask_password = ask_addresses, ask_password
        self._finding: QueryHandle[tuple[OwnAddress, ...]] | None = None
        self._found: tuple[OwnAddress, ...] = ()
        self._found_s = 0.0
        self._asked: QueryHandle[str | None] | None = None
        self._kept: str | None = None
        self._make_if_none = self._unknown = False
        self._allowed: bool | None = None
        self._applied: Mapping[str, Any] = {}
        self._warning = sentences("settings.embedded.allowNetwork.warning", "dense")
        view.below(CONSENT).addWidget(self._warning)
        self._make = button("settings.embedded.password.make", self.tr("Make a new password"))
        self._make.clicked.connect(self._make_password)
        row = QHBoxLayout()
        row.addWidget(self._make)
        row.addStretch(1)
        view.below(PASSWORD).addLayout(row)
        self._state = sentences("settings.embedded.state", "dense", "info")
        self.card = SensorCard()
        self.card.password_wanted.connect(self._want_password)
        self._firewall = sentences("settings.embedded.firewall", "caption muted")
        for widget in (self._state, self.card, self._firewall):
            view.bottom.addWidget(widget)

    def update(self, values: Mapping[str, Any], applied: Mapping[str, Any]) -> None:
        """Takes what the page shows now, and what is in force."""
        self._applied = applied
        allowed = bool(values.get(CONSENT))
        if self._allowed is not None and allowed != self._allowed:
            self._allowed = allowed
            self._follow_consent(allowed, str(values.get(HOST) or ""))
            values = self._view.values()
        self._allowed = allowed
        far = is_beyond_loopback(values.get(HOST))
        self._show_warning(allowed or far)
        self._view.set_note(PORT, self._port_note(allowed and far))
        self._make.setVisible(allowed)
        for widget in (self.card, self._firewall):
            widget.setVisible(allowed and far)
        self._show_state(values, allowed, far)
        self._show_card(values)

    def poll(self) -> None:
        """Takes what was asked, and looks for new addresses now and then."""
        if self._finding is not None and self._finding.done:
            self._found = self._finding.value or ()
            self._finding, self._found_s = None, time.monotonic()
            self._show_card(self._view.values())
        elif self._finding is None and self._ask_addresses and self._is_due():
            self._finding = self._ask_addresses()
        if self._asked is not None and self._asked.done:
            answer, self._asked = self._asked.value, None
            self._take_password(answer)

    def _is_due(self) -> bool:
        late = not self._found_s or time.monotonic() - self._found_s > ASK_EVERY_S
        return late and self.card.isVisible()

    def keep(self, secrets: Mapping[str, str]) -> None:
        """What was sent to be stored is the one in force soon; asking now could be too early."""
        if PASSWORD in secrets:
            self._kept = secrets[PASSWORD] or None

    def forget(self) -> None:
        """With the dialog the password leaves the window."""
        self._kept, self._asked, self._make_if_none = None, None, False
        self.card.forget()

    def _follow_consent(self, allowed: bool, host: str) -> None:
        """The address goes with the consent; a new network needs a password."""
        fields = self._view.fields
        if allowed and not is_beyond_loopback(host):
            fields[HOST].set_value(EVERY_ADDRESS)
        elif not allowed:
            fields[HOST].set_value(THIS_COMPUTER)
            fields[PASSWORD].set_value("")
            self.card.forget()
        self._make_if_none = allowed and not fields[PASSWORD].value()[0]
        if self._make_if_none:
            self._want_password()
        self._view.check()

    def _want_password(self) -> None:
        if self._ask_password is None:
            self._take_password(None)
        elif self._asked is None:
            self._asked = self._ask_password()

    def _take_password(self, answer: str | None) -> None:
        self._kept = answer or self._kept
        if self._kept is None and self._make_if_none and self._allowed:
            self._make_password()
        self._make_if_none, self._unknown = False, self._kept is None
        self._show_card(self._view.values())

    def _make_password(self) -> None:
        field = self._view.fields[PASSWORD]
        field.set_value(make_password())
        if isinstance(field, SecretField):
            field.show_text()
        field.edited.emit()

    def _show_warning(self, open_: bool) -> None:
        text = self.tr(
            "Every device that has the user name and the password can then publish here and "
            "read everything. Nobody gets in without them. The connection is not encrypted: "
            "use it in a network of your own only, and forward no port of the router to it."
        )
        self._warning.setText(self.tr("▲ {warning}").format(warning=text) if open_ else text)
        set_look(self._warning, severity="warn" if open_ else "")
        self._view.fields[CONSENT].editor.setAccessibleDescription(text)

    def _port_note(self, on_network: bool) -> str:
        if not on_network:
            return labels.hint(PORT)
        return self.tr("The sensors connect to it, so a busy port is an error: it never moves.")

    def _show_state(self, values: Mapping[str, Any], allowed: bool, far: bool) -> None:
        keys = (MODE, HOST, PORT, CONSENT, USER)
        changed = any(values.get(key) != self._applied.get(key) for key in keys)
        text = ""
        if allowed and not far:
            text = self.tr(
                "At this address only this computer reaches it. 0.0.0.0 is every network of it."
            )
        elif allowed and values.get(MODE) != "builtin":
            text = self.tr("The built-in broker is not in use: choose it above.")
        elif allowed and (changed or values.get(PASSWORD)):
            text = self.tr("Counts as soon as you apply it.")
        self._state.setText(text)
        self._state.setVisible(bool(text))
        port = values.get(PORT) or ""
        self._firewall.setText(
            self.tr(
                "The firewall of this computer may ask whether Harit or mosquitto may accept "
                "connections: allow it for private networks. Where it does not ask and no sensor "
                "gets through, open TCP port {port} in it."
            ).format(port=port)
        )

    @staticmethod
    def _usual_topic(topics: Sequence[str]) -> str:
        """One to propose where only wildcards are listened to, if they take it in."""
        usual = str(default_of("publisher.topic"))
        return usual if any(topic_matches(one, usual) for one in topics) else ""

    def _show_card(self, values: Mapping[str, Any]) -> None:
        host = str(values.get(HOST) or "").strip()
        own = self._found if host in _EVERY else (OwnAddress(host, self.tr("as set")),)
        password = values.get(PASSWORD) or self._kept
        topics = self._applied.get("broker.topics") or ()
        topic = next((topic for topic in topics if not {"+", "#"} & set(topic)), None)
        if topic is None:
            topic = self._usual_topic(topics)
        self.card.show_offer(
            Offer(
                addresses=own,
                port=values.get(PORT) or 0,
                username=str(values.get(USER) or ""),
                topic=topic,
                password=password,
                no_password=password is None and self._unknown,
            )
        )
