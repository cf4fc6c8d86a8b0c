"""What the commands do. Runs on the control thread alone, so it may wait."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkState, LinkStatus, PublisherStatus
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Stages
from harit_desktop.runtime.broker_keeper import BrokerKeeper
from harit_desktop.runtime.commands import (
    ApplySettings,
    Command,
    Connect,
    DeleteSimulated,
    Disconnect,
    RetryNow,
    StartDemo,
    StartPublisher,
    StopPublisher,
)
from harit_desktop.runtime.ingestion import Ingestion
from harit_desktop.runtime.parts import (
    AnalyserPart,
    BrokerAddress,
    MirrorPart,
    Parts,
    PublisherPart,
    SourcePart,
)
from harit_desktop.settings.model import Settings
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

log = logging.getLogger(__name__)

SOURCE_STOP_S = 2.0
PUBLISHER_STOP_S = 2.0
# The publisher's first reading would find no subscriber while ours still connects.
FIRST_LINK_WAIT_S = 3.0


@dataclass(frozen=True)
class Workbench:
    """What the commands work on; built by the engine."""

    settings_store: SettingsStore
    secrets: SecretStore
    parts: Parts
    pipeline: Pipeline
    inbox: Inbox
    live: LiveModel
    ingestion: Ingestion
    now_us: NowUs


class Control:
    """Owns the connection to the broker, the built-in broker and the publisher."""

    def __init__(self, bench: Workbench, analyser: AnalyserPart) -> None:
        self._bench = bench
        self._store = bench.settings_store
        self._parts = bench.parts
        self.analyser = analyser
        self._source: SourcePart | None = None
        self._publisher: PublisherPart | None = None
        self._mirror: MirrorPart | None = None
        self._address: BrokerAddress | None = None
        self._connecting: LinkStatus | None = None
        self._notes: dict[str, Problem] = {}
        self.broker_keeper = BrokerKeeper()

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        mirror = self._mirror
        return (
            *tuple(self._notes.values()),
            self.broker_keeper.problem,
            mirror.problem if mirror is not None else None,
        )

    def note(self, problem: Problem) -> None:
        """Shows a problem until a later command of the same kind succeeds."""
        self._notes[problem.code] = problem

    def link_status(self) -> LinkStatus:
        source = self._source
        if source is not None:
            return source.status()
        return self._connecting or LinkStatus()

    def publisher_status(self) -> PublisherStatus:
        publisher = self._publisher
        return publisher.status() if publisher is not None else PublisherStatus()

    def begin(self) -> None:
        """First work of the control thread: what needs the disk before anything connects."""
        try:
            self._store.ensure_client_id()
        except KnownError as error:
            self.note(error.problem)
        self._use_mirror(self._store.current)

    def handle(self, command: Command) -> None:
        match command:
            case Connect():
                self._connect()
            case Disconnect():
                self.stop_source(SOURCE_STOP_S)
            case RetryNow():
                if self._source is not None:
                    self._source.retry_now()
            case StartPublisher():
                self._save({"publisher.enabled": True})
                self._start_publisher()
            case StopPublisher():
                self._save({"publisher.enabled": False})
                self.stop_publisher(PUBLISHER_STOP_S)
            case StartDemo():
                self._start_demo(command)
            case ApplySettings():
                self._apply(command)
            case DeleteSimulated():
                self._delete_simulated()

    def tick(self) -> None:
        """Once a second: restarts what ended by itself."""
        moved = self.broker_keeper.tick()
        if moved is not None and moved != self._address:
            self._connect_to(moved)
            if self._publisher is not None:
                self._start_publisher()
        source = self._source
        if source is None or self._address is None:
            return
        if self._bench.inbox.take_overflow() or not source.healthy():
            log.warning("the connection is built anew")
            self._connect_to(self._address)

    def stop_source(self, deadline_s: float) -> bool:
        source, self._source = self._source, None
        self._connecting = None
        self._bench.pipeline.acknowledger = None
        return source is None or source.stop(deadline_s)

    def stop_publisher(self, deadline_s: float) -> bool:
        publisher, self._publisher = self._publisher, None
        return publisher is None or publisher.stop(deadline_s)

    def _connect(self) -> None:
        settings = self._store.current
        self.stop_source(SOURCE_STOP_S)
        if settings.broker.mode == "external":
            self.broker_keeper.stop(PUBLISHER_STOP_S)
            broker = settings.broker
            self._connect_to(BrokerAddress(broker.host, broker.port, broker.protocol))
            return
        self._connecting = LinkStatus(state=LinkState.CONNECTING)
        address = self.broker_keeper.start(self._parts.broker(settings))
        if address is not None:
            self._connect_to(address)

    def _connect_to(self, address: BrokerAddress) -> None:
        self.stop_source(SOURCE_STOP_S)
        self._address = address
        source = self._parts.source(self._store.current, address, self._password(), self._deliver)
        self._bench.pipeline.acknowledger = source
        self._source = source
        source.start()

    def _deliver(self, message: RawMessage) -> None:
        self._bench.inbox.put(message)

    def _password(self) -> str | None:
        settings = self._store.current
        if settings.broker.mode == "builtin" or not settings.broker.username:
            return None
        try:
            return self._bench.secrets.get("broker.password")
        except KnownError as error:
            self.note(error.problem)
            return None

    def _start_publisher(self) -> None:
        self.stop_publisher(PUBLISHER_STOP_S)
        if self._source is None:
            self._connect()
        if self._address is None:
            return
        self._wait_for_link()
        publisher = self._parts.publisher(
            self._store.current, self._address, self._password(), self._parts.history().last_values
        )
        self._publisher = publisher
        publisher.start()

    def _wait_for_link(self) -> None:
        ends = time.monotonic() + FIRST_LINK_WAIT_S
        waiting = (LinkState.CONNECTING, LinkState.OFF)
        while self.link_status().state in waiting and time.monotonic() < ends:
            time.sleep(0.02)

    def _start_demo(self, command: StartDemo) -> None:
        self._save(
            {
                "broker.mode": "builtin",
                "publisher.enabled": True,
                "publisher.devices": command.devices,
                "publisher.interval_s": command.interval_s,
            }
        )
        self._connect()
        self._start_publisher()

    def _save(self, changes: dict[str, Any]) -> None:
        try:
            self._store.save(changes)
        except KnownError as error:
            self.note(error.problem)
        else:
            self._notes.pop("settings.not_saved", None)

    def _apply(self, command: ApplySettings) -> None:
        before = self._store.current
        for key, secret in command.secrets.items():
            if not self._bench.secrets.set(key, secret):
                self.note(Problem("secrets.session_only", {"key": key}))
        self._save(dict(command.changes))
        after = self._store.current
        changed = {
            field.name
            for field in msgspec.structs.fields(Settings)
            if getattr(before, field.name) != getattr(after, field.name)
        }
        if command.secrets:
            changed.add("broker")
        self._restart(changed, after)

    def _restart(self, changed: set[str], settings: Settings) -> None:
        """Restarts what the changed sections concern, and nothing else."""
        was_publishing = self._publisher is not None
        if changed & {"broker", "analysis"}:
            self._use_settings(settings)
        builtin_changed = "builtin_broker" in changed and settings.broker.mode == "builtin"
        link_changed = "broker" in changed or builtin_changed
        if link_changed:
            self._connect()
        if "storage" in changed:
            self._use_mirror(settings)
        if "publisher" in changed or (link_changed and was_publishing):
            if settings.publisher.enabled:
                self._start_publisher()
            else:
                self.stop_publisher(PUBLISHER_STOP_S)

    def _use_settings(self, settings: Settings) -> None:
        """Reads and judges from now on as the settings say."""
        self.analyser = self._parts.analyser(settings)
        self._bench.pipeline.stages = Stages(self._parts.decoder(settings), self.analyser)

    def _use_mirror(self, settings: Settings) -> None:
        self._mirror = self._parts.mirror(settings)
        self._bench.pipeline.mirror = self._mirror

    def _delete_simulated(self) -> None:
        self.stop_publisher(PUBLISHER_STOP_S)
        self._save({"publisher.enabled": False})
        live = self._bench.live
        live.forget(self._bench.ingestion.delete_simulated())
        # A device that also sent real readings stays, with the newest of those.
        live.preload(self._parts.history().last_states(self._bench.now_us()))
