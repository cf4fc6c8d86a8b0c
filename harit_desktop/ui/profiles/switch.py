"""Quick switching: the broker button's menu of profiles, and passwords asked for at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup

from harit_desktop.runtime.broker_profiles import ProfileList, Switch
from harit_desktop.runtime.commands import ApplySettings
from harit_desktop.settings.presets import is_public_test_broker
from harit_desktop.ui.message_banner import Choice, MessageBanner
from harit_desktop.ui.notices import Button, Notice
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.profiles import profile_texts
from harit_desktop.ui.profiles.jobs import Jobs
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from harit_desktop.domain.errors import Problem
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.ui.user_commands import UserCommands

ASK_PASSWORD = "ask.broker_password"
_NAME_PX = 320


class ProfileSwitch(QObject):
    """Fills `menu` with the profiles whenever it opens. `dialog_asked` wants the connect
    dialog at a profile ("" for the settings as they are) with the secrets to enter."""

    dialog_asked = Signal(str, tuple)

    def __init__(
        self,
        engine: Engine,
        menu: QMenu,
        commands: UserCommands,
        banner: MessageBanner,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._menu = menu
        self._commands = commands
        self._banner = banner
        self._jobs = Jobs(engine.queries, "switch", self)
        self._found: ProfileList | None = None
        self._missed = ""
        self._group = QActionGroup(self)
        self._group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        first = menu.actions()[0] if menu.actions() else None
        self._end = menu.insertSeparator(first) if first else menu.addSeparator()
        self._end.setVisible(False)
        self.manage = QAction(self.tr("Brokers and profiles…"), self)
        self.manage.setObjectName("action.broker.profiles")
        self.manage.triggered.connect(lambda: self.dialog_asked.emit("", ()))
        menu.insertAction(self._end, self.manage)
        self._line = menu.insertSeparator(self.manage)
        self._line.setVisible(False)
        self._end.setVisible(True)
        menu.aboutToShow.connect(self.refresh)
        QTimer.singleShot(0, self, self._begin)

    def present_name(self) -> str:
        """The name of the profile in use; empty where there is none. Never waits."""
        broker = self._engine.settings.broker
        slug = broker.profile
        if broker.mode != "external" or not slug:
            return ""
        profile = self._found.named(slug) if self._found is not None else None
        if profile is None and self._missed != slug:
            # Once for each: a file that is gone must not be looked for at every frame.
            self._missed = slug
            self.refresh()
        return profile.name if profile is not None else ""

    def refresh(self) -> None:
        """Asks for the profiles again; the menu follows when they are there."""
        self._mark()
        self._jobs.run("list", self._engine.broker_profiles.load, self._show, self._quiet)

    def switch_to(self, slug: str) -> None:
        """Goes over to a profile; to the dialog where a password has to be entered."""
        self._mark()
        if slug != self._engine.settings.broker.profile:
            profiles = self._engine.broker_profiles
            self._jobs.run("switch", lambda: profiles.switch(slug), self._take, self._fail)

    def _begin(self) -> None:
        """Looks at the start for passwords that nobody kept."""
        broker = self._engine.settings.broker
        if broker.profile:
            self.refresh()
        if self._engine.configured and (broker.username or broker.key_file):
            profiles = self._engine.broker_profiles
            self._jobs.run("missing", profiles.missing, self._ask_missing, self._quiet)

    def _ask_missing(self, wanted: tuple[str, ...]) -> None:
        if not wanted:
            return
        host = plain(self._engine.settings.broker.host)
        if wanted[0] == "broker.password":
            headline = self.tr("The password for {host} is not known.").format(host=host)
        else:
            headline = self.tr("The pass phrase of the key for {host} is not known.").format(
                host=host
            )
        body = self.tr("It is asked for at every start, as this computer has no usable keyring.")
        buttons = (
            Button("no", self.tr("Later")),
            Button("yes", self.tr("Enter it…"), primary=True),
        )
        notice = Notice(ASK_PASSWORD, host, "question", headline, body, buttons)

        def chosen(key: str, _remember: bool) -> None:
            if key == "yes":
                self.dialog_asked.emit(self._engine.settings.broker.profile, wanted)

        self._banner.ask(Choice(notice, chosen))

    def _show(self, found: ProfileList) -> None:
        self._found = found
        for action in self._group.actions():
            self._group.removeAction(action)
            self._menu.removeAction(action)
            action.deleteLater()
        for profile in found.profiles:
            action = QAction(self._shortened(profile.name), self._group)
            action.setObjectName(f"action.profile.{profile.slug}")
            action.setCheckable(True)
            action.setData(profile.slug)
            action.setToolTip(profile_texts.address(profile.values))
            action.triggered.connect(lambda _=False, slug=profile.slug: self.switch_to(slug))
            self._menu.insertAction(self._line, action)
        self._line.setVisible(bool(found.profiles))
        self._mark()

    def _shortened(self, name: str) -> str:
        shown = profile_texts.elided(name, self._menu.fontMetrics(), _NAME_PX)
        return shown.replace("&", "&&")

    def _mark(self) -> None:
        """Checks the one in use, whatever was clicked."""
        broker = self._engine.settings.broker
        present = broker.profile if broker.mode == "external" else ""
        for action in self._group.actions():
            action.setChecked(bool(present) and action.data() == present)

    def _take(self, switch: Switch) -> None:
        public = is_public_test_broker(str(switch.profile.values["broker.host"]))
        if switch.wants or public:
            # A password to enter, or a place where everyone reads along to agree to.
            self.dialog_asked.emit(switch.profile.slug, switch.wants)
        else:
            self._commands.apply_settings(ApplySettings(changes=switch.changes))

    def _quiet(self, problem: Problem) -> None:
        """A list that cannot be read is told in the dialog, where something can be done."""

    def _fail(self, problem: Problem) -> None:
        text = problem_text(problem)
        buttons = (Button("no", self.tr("OK")),)
        notice = Notice(problem.code, "", "warn", text.headline, text.body, buttons, text.details)
        self._banner.ask(Choice(notice, lambda _key, _remember: None))
