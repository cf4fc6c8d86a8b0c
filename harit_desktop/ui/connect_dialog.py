"""The dialog behind Connect…: brokers by name, and what one needs to reach one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.errors import Problem
from harit_desktop.runtime.broker_profiles import ProfileList, Switch, same_door
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.settings.profiles import BrokerProfile, profile_values
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.profiles.ask_panel import AskPanel
from harit_desktop.ui.profiles.form import ProfileForm
from harit_desktop.ui.profiles.jobs import Jobs
from harit_desktop.ui.profiles.profile_column import ProfileColumn
from harit_desktop.ui.profiles.tasks import ProfileTasks, Subject
from harit_desktop.ui.theme import ThemeController, set_look

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

_SIZE_PX = (880, 610)


class ConnectDialog(QDialog):
    """Chooses and edits a broker; `connect_asked` gives settings and secrets to apply.

    Profiles are read and written in the engine's query pool. What is typed for a profile and
    not used yet is kept while the dialog is open.
    """

    connect_asked = Signal(dict, dict)

    def __init__(
        self, engine: Engine, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._profiles = engine.broker_profiles
        self._jobs = Jobs(engine.queries, "profile", self)
        self._found = ProfileList(present=engine.settings.broker.profile)
        self._drafts: dict[str, dict[str, Any]] = {}
        self._slug = engine.settings.broker.profile
        self._wanted: tuple[str, ...] = ()
        self.setObjectName("dialog.connect")
        self.setWindowTitle(self.tr("Connect to a broker"))
        self.setAccessibleName(self.tr("Connect to a broker"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.column = ProfileColumn(theme.tokens)
        self.form = ProfileForm(theme.tokens, self)
        self.ask = AskPanel()
        self.tasks = ProfileTasks(engine, self.ask, self._jobs, self)
        self._said = dialog_parts.sentences("connect.note", "dense")
        self._said_of: dict[str, Any] = {}
        self._connect = dialog_parts.button("connect.connect", self.tr("Connect"))
        self._build()
        self.column.chosen.connect(self._choose)
        self.column.preset_asked.connect(self.tasks.add_preset)
        self.column.asked.connect(self._do)
        self.tasks.made.connect(self._made)
        self.tasks.gone.connect(self._gone)
        self.tasks.said.connect(self._say)
        self.tasks.failed.connect(self._fail)
        self.form.changed.connect(self._forget_note)
        self.ask.asked.connect(lambda open_: self._connect.setDefault(not open_))
        self.form.show_values(self._values_of(self._slug))
        self._focus_host()
        self._load(self._slug)
        self._jobs.run(
            "keyring", SecretStore.keyring_usable, self.form.show_keyring, lambda problem: None
        )

    def show_local_broker(self, port: int) -> None:
        """Says that a broker already answers on this computer."""
        text = self.tr("A broker is running on this computer: 127.0.0.1, port {port}.")
        self._note(text.format(port=port), "info")

    def ask_secrets(self, slug: str, wanted: tuple[str, ...]) -> None:
        """Goes to a profile whose passwords are not known, to enter them."""
        self._slug, self._wanted = slug, wanted
        self._load(slug)

    # -- what is shown -----------------------------------------------------------------

    def _build(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.form.view)
        self.form.view.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        note = dialog_parts.sentences("connect.more", "caption muted")
        note.setText(
            self.tr(
                "MQTT version, time zone and client ID of the broker in use are under "
                "Settings > Broker."
            )
        )
        self.form.view.bottom.addWidget(note)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        upper = QWidget()
        above = QVBoxLayout(upper)
        above.setContentsMargins(20, 12, 20, 4)
        above.setSpacing(8)
        intro = dialog_parts.sentences("connect.intro", "muted")
        intro.setText(self.tr("The address where your sensors publish."))
        for widget in (intro, self._said, self.ask):
            above.addWidget(widget)
        self._said.hide()
        set_look(upper, class_="surface")
        upper.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        right.addWidget(upper)
        right.addWidget(area, 1)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.column)
        middle.addLayout(right, 1)
        cancel = dialog_parts.button("connect.cancel", self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self._connect.setDefault(True)
        self._connect.clicked.connect(self._finish)
        whole = dialog_parts.edge_to_edge(self)
        whole.addLayout(middle, 1)
        whole.addWidget(dialog_parts.footer(None, cancel, self._connect))

    def _focus_host(self) -> None:
        host = self.form.view.fields["broker.host"]
        host.setFocus()
        if hasattr(host.editor, "selectAll"):
            host.editor.selectAll()

    def _load(self, slug: str, fresh: bool = False) -> None:
        """Reads the profiles and goes to one, with its own values where `fresh`."""
        self._jobs.run(
            "list", self._profiles.load, lambda found: self._show(found, slug, fresh), self._fail
        )

    def _show(self, found: ProfileList, slug: str, fresh: bool) -> None:
        self._found = found
        self.column.show_profiles(found, slug)
        if fresh or self.column.slug != self._slug or self._wanted:
            self._slug = self.column.slug
            self.form.show_values(self._draft(self._slug))
        if found.problems:
            self._fail(found.problems[0])
        if self._wanted:
            wanted, self._wanted = self._wanted, ()
            self._ask_for(wanted)

    def _ask_for(self, wanted: tuple[str, ...]) -> None:
        text = self.tr("Enter the password to connect.")
        if wanted[0] == "broker.key_passphrase":
            text = self.tr("Enter the pass phrase of the private key to connect.")
        self._note(text, "info")
        self.form.view.fields[wanted[0]].setFocus()

    def _values_of(self, slug: str) -> Mapping[str, Any]:
        """A profile's values; those in force for the one in use."""
        profile = self._found.named(slug)
        if profile is None or slug == self._found.present:
            return profile_values(self._engine.settings)
        return profile.values

    def _draft(self, slug: str) -> Mapping[str, Any]:
        return self._drafts.get(slug, self._values_of(slug))

    def _choose(self, slug: str) -> None:
        self._drafts[self._slug] = {**self._values_of(self._slug), **self.form.view.values()}
        self._slug = slug
        self.ask.close_ask()
        dialog_parts.say(self._said, "")
        self.form.show_values(self._draft(slug))

    def _fail(self, problem: Problem) -> None:
        text = problem_text(problem).sentences
        if self.ask.isVisible():
            self.ask.show_problem(text)
        else:
            self._say(text, "crit")

    def _say(self, text: str, severity: str) -> None:
        mark = self.tr("▲ {problem}") if severity == "crit" else "{problem}"
        self._note(mark.format(problem=text), severity)

    def _note(self, text: str, severity: str) -> None:
        self._said_of = self.form.view.values()
        dialog_parts.say(self._said, text, severity)

    def _forget_note(self) -> None:
        """A sentence holds until something is typed; to go on to another field is nothing."""
        if self.form.view.values() != self._said_of:
            dialog_parts.say(self._said, "")

    # -- connecting --------------------------------------------------------------------

    def _finish(self) -> None:
        if self._jobs.is_open("connect") or not self.form.check():
            return
        slug, values, secrets = self._slug, self.form.values(), self.form.secrets()
        if not slug or slug == self._found.present:
            self._use({**values, "broker.mode": "external"}, self._for_this_door(values, secrets))
            return
        self._jobs.run(
            "connect",
            lambda: self._kept(slug, values),
            lambda switch: self._switch(switch, secrets),
            self._fail,
        )

    def _kept(self, slug: str, values: Mapping[str, Any]) -> Switch:
        """Keeps what was changed of a profile and goes over to it; in the query pool."""
        before = self._values_of(slug)
        if any(before[key] != value for key, value in values.items()):
            self._profiles.update(slug, values)
        return self._profiles.switch(slug)

    def _switch(self, switch: Switch, secrets: dict[str, str]) -> None:
        wanted = tuple(key for key in switch.wants if key not in secrets)
        if wanted:
            self._ask_for(wanted)
            return
        self._use(dict(switch.changes), secrets)

    def _for_this_door(
        self, values: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> dict[str, str]:
        """A password that was kept for another broker or user is not sent to this one."""
        before = profile_values(self._engine.settings)
        if before["broker.username"] and not same_door(before, {**before, **values}):
            return {"broker.password": "", **secrets}
        return dict(secrets)

    def _use(self, changes: dict[str, Any], secrets: dict[str, str]) -> None:
        self.accept()
        self.connect_asked.emit(changes, secrets)

    # -- profiles ----------------------------------------------------------------------

    def _made(self, profile: BrokerProfile) -> None:
        """Goes to a profile that was made or renamed."""
        self._drafts.pop(profile.slug, None)
        self._drafts.pop(self._slug, None)
        self._load(profile.slug, fresh=True)

    def _gone(self, slug: str) -> None:
        self._drafts.pop(slug, None)
        self._load(self._found.present, fresh=True)

    def _do(self, what: str) -> None:
        if what == "saveAs" and not self.form.check():
            return
        profile = self._found.named(self._slug)
        self.tasks.do(what, Subject(profile, self.form.values(), self.form.secrets()))

    def done(self, result: int) -> None:
        """Forgets what was typed: a secret stays in the window no longer than it must."""
        self._jobs.stop()
        self._drafts.clear()
        self._said_of = {}
        for key in SECRET_KEYS:
            if key in self.form.view.fields:
                self.form.view.fields[key].set_value("")
        super().done(result)
