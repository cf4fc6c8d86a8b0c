"""What the commands do. Runs on the control thread alone, so it may wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.runtime.commands import (
    AcknowledgeAlerts,
    AddCalibration,
    AddNote,
    ApplySettings,
    ApproveChange,
    BackUpNow,
    Command,
    Connect,
    DeleteSimulated,
    Disconnect,
    MuteAlert,
    NoteAlert,
    RemoveCalibration,
    RemoveNote,
    RestoreBackup,
    RetryNow,
    SaveDevice,
    SeeEnded,
    StartDemo,
    StartPublisher,
    StopPublisher,
)
from harit_desktop.runtime.links import STOP_S
from harit_desktop.runtime.secrets import Secrets, wanted_secrets
from harit_desktop.runtime.store_parts import MirrorPart
from harit_desktop.runtime.workbench import Workbench
from harit_desktop.settings.model import Settings

log = logging.getLogger(__name__)

QUIET_WAIT_S = 2.0
RESTORE_WAIT_S = 10.0


class Control:
    """Executes commands one after the other.

    What went wrong in a command is shown until a command of the same kind succeeds.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._store = bench.settings_store
        self._links = bench.links
        self._mirror: MirrorPart | None = None
        self._notes: dict[str, Problem] = {}
        self._kind = ""

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        mirror = self._mirror
        mirror_problem = mirror.problem if mirror is not None else None
        return (*tuple(self._notes.values()), self._links.problem, mirror_problem)

    def note(self, problem: Problem) -> None:
        """Shows a problem of the command at hand."""
        self._notes[self._kind] = problem

    def begin(self) -> None:
        """First work of the control thread: what needs the disk before anything connects."""
        self._guarded("begin", self._begin)

    def _begin(self) -> None:
        self._use_mirror(self._store.current)
        self._bench.keeper.use(self._store.current, self._secrets().store_password)
        self._store.ensure_client_id()
        self._bench.apis.use(self._store.current, self._secrets())

    def execute(self, command: Command) -> None:
        """Does what was asked, or notes why not."""
        self._guarded(type(command).__name__, lambda: self._execute(command))

    def _guarded(self, kind: str, work: Callable[[], None]) -> None:
        self._kind = kind
        self._notes.pop(kind, None)
        try:
            work()
        except KnownError as error:
            log.warning("%s failed: %s", self._kind, error)
            self.note(error.problem)
        except Exception as error:
            # One failed command must not end the thread that watches over everything.
            log.exception("%s failed", self._kind)
            self.note(Problem("command.failed", {"error": type(error).__name__}))

    def _execute(self, command: Command) -> None:
        match command:
            case Connect():
                self._connect(self._store.current)
            case Disconnect():
                self._links.disconnect()
                self._bench.apis.connect(wanted=False)
            case RetryNow():
                self._links.retry_now()
                self._bench.keeper.retry_now()
                self._bench.apis.retry_now()
            case StartPublisher():
                self._start_publisher({"publisher.enabled": True})
            case StopPublisher():
                self._links.stop_publisher(STOP_S)
                self._store.save({"publisher.enabled": False})
            case StartDemo():
                self._start_demo(command)
            case ApplySettings():
                self._apply(command)
            case DeleteSimulated():
                self._delete_simulated()
            case SaveDevice():
                self._bench.parts.device_store().save(command.record)
                self.load_book()
            case AddCalibration():
                self._bench.parts.device_store().add(command.calibration)
                self.load_book()
            case RemoveCalibration():
                self._bench.parts.device_store().remove(command.calibration_id)
                self.load_book()
            case AcknowledgeAlerts():
                self._bench.alerting.keeper.acknowledge(command.ids, command.note)
            case MuteAlert():
                self._bench.alerting.keeper.mute(command.alert_id, command.minutes)
            case NoteAlert():
                self._bench.alerting.keeper.note(command.alert_id, command.note)
            case SeeEnded():
                self._bench.alerting.keeper.see(command.ids)
            case AddNote():
                self._bench.parts.notes().add(command.note)
            case RemoveNote():
                self._bench.parts.notes().remove(command.note_id)
            case ApproveChange():
                self._bench.keeper.approve()
            case BackUpNow():
                self._bench.keeper.back_up()
            case RestoreBackup():
                self._restore(command.path)

    def load_book(self) -> None:
        """Judges by what is stored about the devices. Raises KnownError(store.*)."""
        self._bench.judging.use_book(self._bench.parts.device_store().load())

    def _connect(self, settings: Settings) -> None:
        self._links.connect(settings, self._secrets())
        self._bench.apis.connect(wanted=True)

    def _secrets(self) -> Secrets:
        return wanted_secrets(self._store.current, self._bench.secrets)

    def _start_publisher(self, changes: dict[str, Any]) -> None:
        self._keep(changes)
        self._start_publishing(self._store.current)

    def _start_demo(self, command: StartDemo) -> None:
        self._keep(
            {
                "broker.mode": "builtin",
                "publisher.enabled": True,
                "publisher.devices": command.devices,
                "publisher.interval_s": command.interval_s,
            }
        )
        self._connect(self._store.current)
        self._start_publishing(self._store.current)

    def _start_publishing(self, settings: Settings) -> None:
        self._links.start_publisher(settings, self._secrets())
        # A publisher without a subscriber connects that too.
        self._bench.apis.connect(wanted=self._links.connection_wanted)

    def _keep(self, changes: dict[str, Any]) -> None:
        """Saves a choice; where the file cannot be written it holds for this run."""
        try:
            self._store.save(changes)
        except KnownError as error:
            self.note(error.problem)
            self._store.override(changes)

    def _apply(self, command: ApplySettings) -> None:
        before = self._store.current
        changes = self._bench.profiles.complete(command.changes)
        wanted = self._store.preview(changes)
        # Built before anything is saved: a zone or profile that does not exist is refused.
        judges = self._bench.judging.build(wanted)
        after = self._store.save(changes)
        # Under the profile that is in use now, so that no broker gets another one's password.
        for key, secret in command.secrets.items():
            if not self._bench.secrets.set(key, secret):
                self.note(Problem("secrets.session_only", {"key": key}))
        changed = {
            field.name
            for field in msgspec.structs.fields(Settings)
            if getattr(before, field.name) != getattr(after, field.name)
        }
        if any(key.startswith("alerts.") for key in command.secrets):
            self._bench.alerting.follow_secrets()
        # A secret is named for the section that uses it.
        changed |= {key.partition(".")[0] for key in command.secrets}
        if "storage.mysql_password" in command.secrets or self._bench.keeper.concerns(
            before.storage, after.storage
        ):
            self._bench.keeper.use(after, self._secrets().store_password)
        if changed & {"broker", "analysis", "routing"}:
            self._bench.judging.use(judges)
        if "analysis" in changed:
            self._links.use_analysis(after)
        if changed & {"api", "local_api", "broker", "storage"}:
            self._bench.apis.use(after, self._secrets())
        self._restart(changed, before, after)

    def _restart(self, changed: set[str], before: Settings, settings: Settings) -> None:
        """Restarts what the changed sections concern, and nothing else."""
        rerouted = "broker" in changed or (
            "builtin_broker" in changed and settings.broker.mode == "builtin"
        )
        source_chosen = "api_only" in (before.api.mode, settings.api.mode)
        if before.api.mode != settings.api.mode and source_chosen:
            # Choosing the source must not connect who has disconnected.
            rerouted |= self._links.connection_wanted
        if rerouted:
            self._links.stop_publisher(STOP_S)
            self._connect(settings)
        if "storage" in changed:
            self._use_mirror(settings)
        publishing = settings.publisher.enabled
        if changed & {"publisher", "api"} or rerouted:
            if publishing:
                self._start_publishing(settings)
            else:
                self._links.stop_publisher(STOP_S)

    def _use_mirror(self, settings: Settings) -> None:
        self._mirror = self._bench.parts.mirror(settings)
        self._bench.pipeline.use_mirror(self._mirror)

    def _delete_simulated(self) -> None:
        self._links.stop_publisher(STOP_S)
        self._keep({"publisher.enabled": False})
        # What the simulator sent last is still on its way into the store.
        ends = time.monotonic() + QUIET_WAIT_S
        while self._bench.pipeline.unacked and time.monotonic() < ends:
            self._bench.stopping.wait(0.05)
        live, keeper = self._bench.live, self._bench.keeper
        deleted = self._bench.ingestion.delete_simulated()
        live.forget(deleted)
        self._bench.judging.baselines.drop(deleted)
        keeper.delete_simulated()
        # A device that also sent real readings stays, with the newest of those.
        live.preload(keeper.history.last_states(self._bench.now_us()))

    def _restore(self, path: Path) -> None:
        """Puts a backup in the store's place; what arrives meanwhile waits in the inbox."""
        bench, settings = self._bench, self._store.current
        backups = bench.keeper.backups
        backups.check(path, bench.stopping.is_set)
        was_connected = self._links.connection_wanted
        self._links.stop_publisher(STOP_S, still_wanted=True)
        self._links.disconnect()
        bench.apis.connect(wanted=False)
        bench.apis.stop_intake(STOP_S)
        bench.apis.stop_forward(STOP_S)
        bench.keeper.stop(STOP_S)
        closed = bench.alerting.keeper.suspend(STOP_S)
        closed &= bench.ingestion.suspend(RESTORE_WAIT_S)
        try:
            if not closed:
                raise KnownError(
                    "backup.not_restored", path=str(path), reason="the store is still in use"
                )
            with bench.recorder.paused():
                kept_as = backups.restore(path)
            # Before the store opens again and makes its own devices known.
            bench.live.forget([device.publisher_id for device in bench.live.devices()])
        finally:
            bench.ingestion.resume()
            bench.alerting.keeper.resume()
            self._use_mirror(settings)
            bench.keeper.use(settings, self._secrets().store_password)
            bench.apis.use(settings, self._secrets())
            if was_connected:
                self._connect(settings)
            if settings.publisher.enabled:
                self._start_publishing(settings)
        self.note(Problem("store.restored", {"kept_as": kept_as.name}))
