"""The engine: everything that runs without a window.

Views call `submit` and poll `snapshot`; neither ever blocks. One control thread
executes the commands and watches over the workers.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harit_desktop.domain.analysis import Explanation
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.status import Counters, EngineStatus
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Stages
from harit_desktop.runtime.api_keeper import ApiKeeper
from harit_desktop.runtime.commands import Command, Connect, StartPublisher
from harit_desktop.runtime.control import Control, Workbench, build_stages
from harit_desktop.runtime.ingestion import Ingestion
from harit_desktop.runtime.links import Links
from harit_desktop.runtime.parts import (
    AnalyserPart,
    BackupPart,
    HistoryPart,
    Limits,
    Parts,
)
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.state_log import StateLog
from harit_desktop.runtime.store_keeper import StoreKeeper
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

log = logging.getLogger(__name__)

MAX_COMMANDS = 64
TICK_S = 1.0
CONTROL_STOP_S = 1.0


class Engine:
    """Receives, analyses, stores and publishes for one data folder.

    `configured` is False until somebody chose a source: the window then shows its first-run
    card and nothing connects.
    """

    def __init__(
        self,
        paths: DataPaths,
        settings_store: SettingsStore,
        secrets: SecretStore,
        parts: Parts,
        now_us: NowUs,
    ) -> None:
        self.paths = paths
        self.live = LiveModel()
        self.messages = MessageRing()
        self.queries = QueryPool()
        self.files = QueryPool(1, "files")
        # A server that does not answer must not keep charts or exports waiting.
        self._probes = QueryPool(1, "probe")
        self._parts = parts
        self._now_us = now_us
        self._store = settings_store
        self._secrets = secrets
        self._started = time.monotonic()
        self._inbox = Inbox()
        self._keeper = StoreKeeper(parts, self.files, self._load_known_devices)
        self._stop = threading.Event()
        self._state_log = StateLog()
        self._start_problems: list[Problem] = []
        self.answers = Answers()
        stages, analyser = self._first_stages(settings_store.current)
        self._pipeline = Pipeline(
            self._inbox, stages, self.live, self.messages, now_us, self.answers
        )
        self._ingestion = Ingestion(
            self._pipeline,
            parts,
            self._load_known_devices,
            self._keeper.spool_problem,
            self._committed,
        )
        self._links = Links(
            parts,
            self._inbox,
            self._pipeline,
            self._stop,
            last_values=lambda publisher_id: self.history.last_values(publisher_id),
        )
        self._apis = ApiKeeper(
            parts,
            self._inbox.put,
            self.answers,
            self._links.link_status,
            self.live.newest_us,
            lambda: self.history,
        )
        self._control = Control(
            Workbench(
                settings_store=settings_store,
                secrets=secrets,
                parts=parts,
                pipeline=self._pipeline,
                links=self._links,
                keeper=self._keeper,
                apis=self._apis,
                live=self.live,
                ingestion=self._ingestion,
                now_us=now_us,
                stopping=self._stop,
            ),
            analyser,
        )
        self._commands: queue.Queue[Command | None] = queue.Queue(MAX_COMMANDS)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    # -- for views -------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._store.current

    @property
    def history(self) -> HistoryPart:
        """Reads of the store; for jobs of the query pool."""
        return self._keeper.history

    @property
    def backups(self) -> BackupPart:
        """Backups of the store; for jobs of the file pool."""
        return self._keeper.backups

    @property
    def configured(self) -> bool:
        settings = self.settings
        chosen = self._store.is_set("broker", but=("broker.client_id",))
        reads_api = settings.api.mode == "api_only" and bool(settings.api.url)
        return chosen or reads_api or settings.publisher.enabled

    def submit(self, command: Command) -> None:
        """Queues a command; a full queue drops it and says so in the log."""
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            log.error("too many commands wait, %s was dropped", type(command).__name__)

    def snapshot(self) -> EngineStatus:
        """The state of everything at this moment; never blocks."""
        metrics = self._pipeline.metrics
        server = self._keeper.server_status()
        return EngineStatus(
            link=self._links.link_status(),
            store=self._keeper.store_status(self._ingestion.store_status()),
            publisher=self._links.publisher_status(),
            builtin_broker=self._links.broker_status(),
            server=server,
            backup=self._keeper.backup_status(),
            api=self._apis.api_status(),
            api_forward=self._apis.forward_status(),
            local_api=self._apis.local_status(),
            counters=Counters(
                received=self._inbox.received,
                stored=metrics.total(Outcome.STORED),
                duplicates=metrics.total(Outcome.DUPLICATE),
                rejected=metrics.total(Outcome.REJECTED),
                dropped=self._inbox.dropped,
                unacked=self._pipeline.unacked,
                waiting=server.waiting,
                msgs_per_s=metrics.rate_per_s(),
            ),
            last_received_us=metrics.last_received_us,
            uptime_s=time.monotonic() - self._started,
            problems=self._problems(),
        )

    def explain(self, values: Values, flags: tuple[int, ...]) -> Explanation:
        """Why a reading with these values and quality flags has its index."""
        return self._control.analyser.explain(values, flags)

    def limits(self) -> Mapping[str, Limits]:
        """The present profile's ranges, for the channels that it judges."""
        found = {c.key: self._control.analyser.limits(c.key) for c in CHANNELS}
        return {key: limits for key, limits in found.items() if limits is not None}

    def export_csv(self, request: ExportRequest) -> QueryHandle[int]:
        """Writes readings to a CSV file; the answer is the number of rows."""

        def write(handle: QueryHandle[int]) -> int:
            if self.paths.is_own(request.out):
                raise KnownError("export.own_file", path=str(request.out))
            return self.history.export_csv(request, handle.report, lambda: handle.token.cancelled)

        return self.files.submit("export", write)

    def test_api(self, changes: Mapping[str, Any], token: str | None) -> QueryHandle[ApiTest]:
        """Asks the API once, as changed settings name it; `token` None is the one kept.

        The problem of the answer is the program's own; the API's is in the `ApiTest`.
        """

        def ask(_: QueryHandle[ApiTest]) -> ApiTest:
            key = self._secrets.get("api.token") if token is None else token
            return self._parts.test_api(self._store.preview(changes), key or None)

        return self._probes.submit("api test", ask)

    def count_export(self, request: ExportRequest) -> QueryHandle[int]:
        """How many rows an export would write."""
        return self.queries.submit(
            "count",
            lambda handle: self.history.count_export(request, lambda: handle.token.cancelled),
        )

    # -- life cycle ------------------------------------------------------------------

    def start(self, connect: bool | None = None, *, approve: bool = False) -> None:
        """Opens the store and connects where a broker was chosen, or as `connect` says.

        `approve` allows in advance what a store server's database needs added. Returns at
        once.
        """
        if approve:
            self._keeper.approve_all()
        self._ingestion.start()
        self._thread.start()
        if self.configured if connect is None else connect:
            self.submit(Connect())
        if self.settings.publisher.enabled:
            self.submit(StartPublisher())

    def stop(self, deadline_s: float = 5.0) -> bool:
        """Ends everything in order: publisher, intake, batch in hand, acknowledgements,
        connection, forwarder, queries, broker. False when something outlived the deadline.

        What was not committed in time stays unacknowledged with the broker.
        """
        ends = time.monotonic() + deadline_s
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._commands.put_nowait(None)
        clean = self._end_control()
        clean &= self._apis.stop_intake(min(1.0, deadline_s / 4))
        self._inbox.close()
        clean &= self._links.stop_publisher(min(1.0, deadline_s / 4))
        clean &= self._ingestion.stop(max(0.1, min(2.0, ends - time.monotonic() - 1.5)))
        clean &= self._links.stop_source(max(0.1, min(1.0, ends - time.monotonic() - 0.8)))
        clean &= self._apis.stop_forward(max(0.1, min(0.5, ends - time.monotonic() - 0.6)))
        clean &= self._keeper.stop(max(0.1, min(0.6, ends - time.monotonic() - 0.5)))
        for pool in (self.queries, self.files, self._probes):
            pool.stop(0.1)
        self._links.stop_broker(max(0.2, ends - time.monotonic()))
        return clean

    def _end_control(self) -> bool:
        """No part may be built any more while the others are stopped."""
        if self._thread.ident is None:
            return True
        self._thread.join(CONTROL_STOP_S / 2)
        if self._thread.is_alive():
            self._links.interrupt()
            self._thread.join(CONTROL_STOP_S / 2)
        return not self._thread.is_alive()

    def _first_stages(self, settings: Settings) -> tuple[Stages, AnalyserPart]:
        """As the settings say; a zone or profile that does not exist falls back, and is said."""
        try:
            return build_stages(self._parts, settings)
        except KnownError as error:
            self._start_problems.append(error.problem)
            return build_stages(self._parts, Settings())

    def _committed(self, last_id: int) -> None:
        self._keeper.committed(last_id)
        self._apis.committed()

    def _load_known_devices(self) -> None:
        self.queries.submit(
            "known devices",
            lambda _: self.live.preload(self.history.last_states(self._now_us())),
        )

    def _run(self) -> None:
        self._control.begin()
        while not self._stop.is_set():
            try:
                command = self._commands.get(timeout=TICK_S)
            except queue.Empty:
                self._links.tick()
                self._keeper.tick()
                self._apis.tick()
                self._state_log.note(self.snapshot())
            else:
                if command is not None:
                    self._control.execute(command)

    def _problems(self) -> tuple[Problem, ...]:
        found: Sequence[Problem | None] = (
            *self._store.problems,
            *self._start_problems,
            *self._control.problems,
            *self._ingestion.problems,
            *self._keeper.problems,
            *self._apis.problems,
        )
        if self._inbox.dropped:
            found = (*found, Problem("inbox.full", {"count": self._inbox.dropped}))
        return tuple(problem for problem in found if problem is not None)


def counters_json(status: EngineStatus, rss_mb: float) -> dict[str, Any]:
    """The object of `--status-json`."""
    counters = status.counters
    return {
        "received": counters.received,
        "stored": counters.stored,
        "duplicates": counters.duplicates,
        "rejected": counters.rejected,
        "unacked": counters.unacked,
        "waiting": counters.waiting,
        "msgs_per_s": round(counters.msgs_per_s, 1),
        "connection": status.link.state.value,
        "store": status.store.state.value,
        "api": status.api.state.value,
        "publisher": status.publisher.state.value,
        "uptime_s": round(status.uptime_s, 1),
        "rss_mb": round(rss_mb, 1),
    }
