"""The dialog behind Connect…: brokers by name, and what one needs to reach one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
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
from harit_desktop.settings.presets import PRESETS
from harit_desktop.settings.profiles import BrokerProfile, complete_values, profile_values
from harit_desktop.settings.secrets import PROFILE_SECRETS, SecretStore
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.profiles.ask_panel import AskPanel
from harit_desktop.ui.profiles.form import ProfileForm
from harit_desktop.ui.profiles.jobs import Jobs
from harit_desktop.ui.profiles.profile_column import NEW, ProfileColumn
from harit_desktop.ui.profiles.profile_texts import preset_name
from harit_desktop.ui.profiles.tasks import ProfileTasks, Subject
from harit_desktop.ui.theme import ThemeController, set_look

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.probing import Probe

_SIZE_PX = (880, 610)
_POLL_MS = 60


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
        self._new: dict[str, BrokerProfile] = {}
        self._begun = 0
        self._known: dict[str, bool] = {}
        self._task = ""
        self._slug = engine.settings.broker.profile
        self._wanted: tuple[str, ...] = ()
        self.setObjectName("dialog.connect")
        self.setWindowTitle(self.tr("Connect to a broker"))
        self.setAccessibleName(self.tr("Connect to a broker"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.column = ProfileColumn(theme.tokens)
        present = engine.settings.broker
        agreed = present.host if present.mode == "external" else ""
        self.form = ProfileForm(theme.tokens, self, self._try, agreed)
        self.ask = AskPanel()
        self.tasks = ProfileTasks(engine, self.ask, self._jobs, self)
        self._said = dialog_parts.sentences("connect.note", "dense")
        self._said_of: dict[str, Any] = {}
        self._connect = dialog_parts.button("connect.connect", self.tr("Connect"))
        self._build()
        self.column.chosen.connect(self._choose)
        self.column.preset_asked.connect(self._begin_new)
        self.column.asked.connect(self._do)
        self.tasks.made.connect(self._made)
        self.tasks.gone.connect(self._gone)
        self.tasks.said.connect(self._say)
        self.tasks.failed.connect(self._fail)
        self.form.changed.connect(self._follow_form)
        self.ask.asked.connect(self._follow_question)
        self._clock = QTimer(self)
        self._clock.setInterval(_POLL_MS)
        self._clock.timeout.connect(self._poll_trial)
        self.form.trial.test.clicked.connect(self._clock.start)
        self._show_form(self._slug)
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
        """Goes to a profile, to enter passwords that are not known or to agree to something."""
        self._slug, self._wanted = slug, wanted
        self._load(slug, fresh=True)

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
        chain = [self.column.list, self.column.new, self.column.more]
        chain += [self.ask.name, self.ask.consent, self.ask.yes, self.ask.no]
        chain += [*self.form.view.focus_chain(), cancel, self._connect]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

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
        self.column.show_profiles(self._listed(), slug)
        if fresh or self.column.slug != self._slug or self._wanted:
            self._slug = self.column.slug
            self._show_form(self._slug)
        else:
            self._ask_known()
        self._mark_unsaved()
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

    def _listed(self) -> ProfileList:
        """All profiles, those among them that are in no file yet."""
        return replace(self._found, profiles=(*self._found.profiles, *self._new.values()))

    def _values_of(self, slug: str) -> Mapping[str, Any]:
        """A profile's values; those in force for the one in use."""
        if slug in self._new:
            return self._new[slug].values
        profile = self._found.named(slug)
        if profile is None or slug == self._found.present:
            return profile_values(self._engine.settings)
        return profile.values

    def _draft(self, slug: str) -> Mapping[str, Any]:
        return self._drafts.get(slug, self._values_of(slug))

    def _show_form(self, slug: str) -> None:
        values = self._draft(slug)
        self.form.show_values(values, blank=slug in self._new and not values["broker.host"])
        self._known = {}
        self._ask_known()
        self._follow_form()

    def _ask_known(self) -> None:
        """Finds out which passwords the shown profile has."""
        slug = self._slug
        if slug in self._new:
            self._take_known(slug, dict.fromkeys(PROFILE_SECRETS, False))
            return
        self._jobs.run(
            "known",
            lambda: self._profiles.known(slug),
            lambda known: self._take_known(slug, known),
            lambda problem: None,
        )

    def _take_known(self, slug: str, known: dict[str, bool]) -> None:
        if slug == self._slug:
            self._known = known
            self._show_known()

    def _show_known(self) -> None:
        """A password of another broker or user is none for this one."""
        known = dict(self._known)
        if known and not self._is_same_door():
            known["broker.password"] = False
        self.form.show_known(known)

    def _is_same_door(self) -> bool:
        before = self._values_of(self._slug)
        return same_door(before, {**before, **self.form.values()})

    def _keep_draft(self) -> None:
        self._drafts[self._slug] = {**self._values_of(self._slug), **self.form.view.values()}

    def _mark_unsaved(self) -> None:
        slugs = set(self._new)
        drafts = {**self._drafts, self._slug: self.form.view.values()}
        for slug, draft in drafts.items():
            kept = {**dict.fromkeys(SECRET_KEYS, ""), **self._values_of(slug)}
            if any(value != kept[key] for key, value in draft.items()):
                slugs.add(slug)
        self.column.mark_unsaved(slugs)

    def _choose(self, slug: str) -> None:
        self._keep_draft()
        self._slug = slug
        self.ask.close_ask()
        dialog_parts.say(self._said, "")
        self._show_form(slug)

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

    def _follow_form(self) -> None:
        self._forget_note()
        self._connect.setEnabled(not self.form.consent_missing)
        self._show_known()
        self._mark_unsaved()

    def _follow_question(self, open_: bool) -> None:
        """What was said of something before is not about this question."""
        self._connect.setDefault(not open_)
        if open_:
            dialog_parts.say(self._said, "")

    def _forget_note(self) -> None:
        """A sentence holds until something is typed; to go on to another field is nothing."""
        if self.form.view.values() != self._said_of:
            dialog_parts.say(self._said, "")

    # -- trying ------------------------------------------------------------------------

    def _try(self, changes: Mapping[str, Any], secrets: Mapping[str, str], **more: Any) -> Probe:
        """Tries what is entered with the shown profile's own secrets, and no other's."""
        typed, slug = dict(secrets), self._slug
        if slug in self._new:
            typed = {**dict.fromkeys(PROFILE_SECRETS, ""), **typed}
            slug = ""
        elif not self._is_same_door():
            typed = {"broker.password": "", **typed}
        whole = {**self._values_of(self._slug), **changes}
        return self._engine.trials.test_broker(whole, typed, profile=slug, **more)

    def _poll_trial(self) -> None:
        self.form.trial.poll()
        if not self.form.trial.running:
            self._clock.stop()

    # -- connecting --------------------------------------------------------------------

    def _finish(self) -> None:
        if self._jobs.is_open("connect") or not self.form.check():
            return
        if self.form.consent_missing:
            self.form.consent.setFocus()
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
        new = self._new.get(slug)
        if new is not None:
            name = new.name if new.values["broker.host"] else str(values["broker.host"])[:50]
            made = self._profiles.add_new(name, {**new.values, **values})
            return self._profiles.switch(made.slug)
        before = self._values_of(slug)
        if any(before[key] != value for key, value in values.items()):
            self._profiles.update(slug, values)
        return self._profiles.switch(slug)

    def _switch(self, switch: Switch, secrets: dict[str, str]) -> None:
        wanted = tuple(key for key in switch.wants if key not in secrets)
        if wanted and self._slug in self._new:
            # It is a profile now, whose password is still missing.
            self._forget(self._slug)
            self._drafts[switch.profile.slug] = {**switch.profile.values, **secrets}
            self.ask_secrets(switch.profile.slug, wanted)
            return
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

    def _begin_new(self, key: str) -> None:
        """Begins a profile, of a well-known broker where `key` names a preset. It is kept with
        Connect or Save as, and not before."""
        preset = next((one for one in PRESETS if one.key == key), None)
        values = complete_values(preset.values if preset is not None else {})
        name = self.tr("New profile") if preset is None else preset_name(preset)
        if preset is None:
            values["broker.host"] = ""
        self._keep_draft()
        self._begun += 1
        slug = f"{NEW}{self._begun}"
        self._new[slug] = BrokerProfile(slug, name, values)
        self._go_to(slug)
        self._focus_host()

    def _go_to(self, slug: str) -> None:
        self._slug = slug
        self.ask.close_ask()
        dialog_parts.say(self._said, "")
        self.column.show_profiles(self._listed(), slug)
        self._show_form(slug)

    def _forget(self, slug: str) -> None:
        self._drafts.pop(slug, None)
        self._new.pop(slug, None)

    def _made(self, profile: BrokerProfile) -> None:
        """Goes to a profile that was made or changed. What was typed is in it after a save,
        and waits after anything else."""
        if self._task in ("save", "saveAs"):
            self._forget(self._slug)
        elif profile.slug != self._slug:
            self._keep_draft()
        if profile.slug != self._slug or self._task == "save":
            self._drafts.pop(profile.slug, None)
        else:
            self._keep_draft()
        self._task = ""
        self._load(profile.slug, fresh=True)

    def _gone(self, slug: str) -> None:
        self._forget(slug)
        self._load(self._found.present, fresh=True)

    def _do(self, what: str) -> None:
        if what in ("save", "saveAs") and not self.form.check():
            return
        self._task = what
        values, new = self.form.values(), self._new.get(self._slug)
        if new is not None and what == "delete":
            self._forget(self._slug)
            self._go_to(self._found.present)
            return
        if new is not None:
            name = new.name if new.values["broker.host"] else ""
            subject = Subject(None, {**new.values, **values}, self.form.secrets(), name)
        else:
            subject = Subject(self._found.named(self._slug), values, self.form.secrets())
        self.tasks.do(what, subject)

    def done(self, result: int) -> None:
        """Forgets what was typed: a secret stays in the window no longer than it must."""
        self._jobs.stop()
        self._clock.stop()
        self.form.trial.stop()
        self._drafts.clear()
        self._said_of = {}
        for key in SECRET_KEYS:
            if key in self.form.view.fields:
                self.form.view.fields[key].set_value("")
        super().done(result)
