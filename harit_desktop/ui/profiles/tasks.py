"""What can be done with a profile beside connecting: each asked first, then done in the pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.settings.profile_transfer import ImportedProfile
from harit_desktop.settings.profiles import BrokerProfile
from harit_desktop.ui.profiles import profile_texts
from harit_desktop.ui.profiles.ask_panel import Ask, AskPanel
from harit_desktop.ui.profiles.jobs import Jobs
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """What a task is about: the chosen profile, None for settings without one, and what the
    form holds. `name` is proposed for a new one."""

    profile: BrokerProfile | None
    values: Mapping[str, Any]
    secrets: Mapping[str, str]
    name: str = ""

    def __repr__(self) -> str:
        return "Subject(...)"


class ProfileTasks(QObject):
    """Asks in `panel`. `made` gives a profile to go to, `gone` the id of one that is deleted,
    `said` a sentence and its severity, `failed` a problem."""

    made = Signal(object)
    gone = Signal(str)
    said = Signal(str, str)
    failed = Signal(object)

    def __init__(self, engine: Engine, panel: AskPanel, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._engine = engine
        self._profiles = engine.broker_profiles
        self._panel = panel
        self._jobs = jobs
        self._window = window

    def do(self, what: str, subject: Subject) -> None:
        """Begins a task by the name that `ProfileColumn.asked` gives."""
        if what == "import":
            self._choose_import()
        elif what == "saveAs":
            self._ask_save(subject)
        elif what == "save":
            self._save(subject)
        elif subject.profile is not None:
            tasks = {
                "rename": self._ask_rename,
                "duplicate": self._duplicate,
                "delete": self._ask_delete,
                "export": self._ask_export,
            }
            tasks[what](subject.profile)

    def _save(self, subject: Subject) -> None:
        profile = subject.profile
        if profile is not None:
            slug, values, secrets = profile.slug, subject.values, subject.secrets
            self._make(lambda: self._profiles.update(slug, values, secrets))

    def _run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        self._jobs.run("change", work, then, self._fail)

    def _make(self, work: Callable[[], BrokerProfile]) -> None:
        self._run(work, self._tell_made)

    def _tell_made(self, profile: BrokerProfile) -> None:
        self._panel.close_ask()
        self.made.emit(profile)

    def _fail(self, problem: Problem) -> None:
        self.failed.emit(problem)

    def _ask_save(self, subject: Subject) -> None:
        source = subject.profile.slug if subject.profile is not None else ""

        def save(name: str) -> None:
            self._make(
                lambda: self._profiles.save_as(name, subject.values, source, subject.secrets)
            )

        host = plain(str(subject.values["broker.host"]))
        suggested = subject.name or host
        if subject.profile is not None:
            suggested = self._copy_name(subject.profile)
        heading = self.tr("Save these values as a new profile")
        self._panel.ask(Ask(heading, self.tr("Save"), save, name=suggested[:60]))

    def _ask_rename(self, profile: BrokerProfile) -> None:
        def rename(name: str) -> None:
            self._make(lambda: self._profiles.rename(profile.slug, name))

        heading = self.tr("Rename the profile")
        self._panel.ask(Ask(heading, self.tr("Rename"), rename, name=profile.name))

    def _duplicate(self, profile: BrokerProfile) -> None:
        name = self._copy_name(profile)
        self._make(lambda: self._profiles.duplicate(profile.slug, name))

    def _copy_name(self, profile: BrokerProfile) -> str:
        return self.tr("{name} (copy)").format(name=profile.name[:50])

    def _ask_delete(self, profile: BrokerProfile) -> None:
        def gone(_: None) -> None:
            self._panel.close_ask()
            self.gone.emit(profile.slug)

        def delete(_: str) -> None:
            self._run(lambda: self._profiles.delete(profile.slug), gone)

        heading = self.tr("Delete the profile {name}?").format(name=plain(profile.name))
        lines = [self.tr("Its certificates, key and passwords on this computer go with it.")]
        self._panel.ask(Ask(heading, self.tr("Delete"), delete, lines, danger=True))

    def _ask_export(self, profile: BrokerProfile) -> None:
        def choose(_: str) -> None:
            self._panel.close_ask()
            dialog = self._file_dialog(self.tr("Export profile"))
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix("toml")
            dialog.selectFile(f"{profile.slug}.toml")
            dialog.fileSelected.connect(lambda name: self.export_to(profile.slug, Path(name)))
            dialog.open()

        heading = self.tr("Export {name} to a file").format(name=plain(profile.name))
        has = self.tr("The file has the address, the user name and the CA certificate.")
        lacks = self.tr(
            "It has no password, no private key, no client certificate and no client ID."
        )
        self._panel.ask(Ask(heading, self.tr("Choose the file…"), choose, [has, lacks]))

    def export_to(self, slug: str, path: Path) -> None:
        """Writes a profile without its secrets."""

        def write() -> None:
            if self._engine.paths.is_own(path):
                raise KnownError("export.own_file", path=str(path))
            self._profiles.export(slug, path)

        text = self.tr("The profile is in {file}, without any password or key.")
        self._run(write, lambda _: self.said.emit(text.format(file=plain(path.name)), "info"))

    def _choose_import(self) -> None:
        dialog = self._file_dialog(self.tr("Import profile"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.import_from(Path(name)))
        dialog.open()

    def import_from(self, path: Path) -> None:
        """Shows what a file would make; nothing is kept before somebody agrees."""
        self._run(lambda: self._profiles.read_import(path), self._ask_import)

    def _ask_import(self, imported: ImportedProfile) -> None:
        wrong = profile_texts.mistakes(imported.values)
        if wrong:
            text = self.tr("The file cannot be used. {problem}").format(problem=plain(wrong[0]))
            self.said.emit(text, "crit")
            return

        def add(_: str) -> None:
            self._make(lambda: self._profiles.add_import(imported))

        where = profile_texts.address(imported.values)
        lines = [
            self.tr("A new profile for {address}; no other one is changed.").format(address=where),
            *profile_texts.caution_lines(imported.cautions),
        ]
        heading = self.tr("Import the profile {name}?").format(name=plain(imported.name))
        consent = self.tr("Import it although it is less safe") if imported.needs_consent else ""
        self._panel.ask(Ask(heading, self.tr("Import"), add, lines, consent=consent))

    def _file_dialog(self, title: str) -> QFileDialog:
        pattern = self.tr("Broker profile (*.toml);;All files (*)")
        dialog = QFileDialog(self._window, title, str(Path.home()), pattern)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog
