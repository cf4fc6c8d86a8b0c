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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harit_desktop.alerting.sinks import SinkName
from harit_desktop.domain.advice import Advice
from harit_desktop.domain.alert import AlertBoard, AlertRule, TriedRule
from harit_desktop.domain.analysis import Analysis, Explanation
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.export import ExportPreview, ExportRequest
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.domain.status import Counters, EngineStatus
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.runtime.alert_keeper import AlertKeeper
from harit_desktop.runtime.alert_sender import AlertSender
from harit_desktop.runtime.alerting_service import AlertingService
from harit_desktop.runtime.api_keeper import ApiKeeper
from harit_desktop.runtime.broker_profiles import BrokerProfiles
from harit_desktop.runtime.commands import Command, Connect, StartPublisher
from harit_desktop.runtime.control import Control, Workbench
from harit_desktop.runtime.ingestion import Ingestion
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.judging_parts import Limits
from harit_desktop.runtime.links import Links
from harit_desktop.runtime.mapping import Mappings
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.probing import Probe, with_running_link
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.recorder import Recorder, trouble_of
from harit_desktop.runtime.state_log import StateLog
from harit_desktop.runtime.store_keeper import StoreKeeper
from harit_desktop.runtime.store_parts import BackupPart, HistoryPart
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore
from harit_desktop.settings.transfer import export_settings

log = logging.getLogger(__name__)

MAX_COMMANDS = 64
TICK_S = 1.0
ROOM_FOR_LIVE = 1000
"""Messages in the inbox from which old ones that are tried again wait."""
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
        self.broker_profiles = BrokerProfiles(paths.broker_profiles, settings_store, secrets)
        self._started = time.monotonic()
        self._inbox = Inbox()
        self._keeper = StoreKeeper(parts, self.files, self._load_known_devices)
        self._stop = threading.Event()
        self._state_log = StateLog()
        self._book_problem: Problem | None = None
        self.rewritten = 0
        """Grows when stored judgements were changed: what was read before is out of date."""
        self.answers = Answers()
        self._judging = Judging(parts, settings_store.current)
        self._pipeline = Pipeline(
            self._inbox, self._judging.stages, self.live, self.messages, now_us, self.answers
        )
        self._judging.follow(self._pipeline)
        self._ingestion = Ingestion(
            self._pipeline,
            parts,
            self._judging,
            self._store_opened,
            self._keeper.spool_problem,
            self._committed,
        )
        self._alerting = AlertingService(
            AlertKeeper(
                parts.alert_store(),
                now_us,
                self.snapshot,
                self.live.devices,
                AlertSender(now_us, self._device_name),
            ),
            parts,
            self._judging,
            settings_store,
            secrets,
            now_us,
        )
        self._pipeline.use_alerts(self._alerting.keeper)
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
        self._recorder = Recorder(
            parts.recording_log(),
            lambda: trouble_of(
                self._links.link_status(),
                self._apis.api_status(),
                wanted=self._links.connection_wanted,
            ),
            lambda: self._ingestion.store_status().opened,
            now_us,
        )
        self._control = Control(
            Workbench(
                settings_store=settings_store,
                secrets=secrets,
                profiles=self.broker_profiles,
                parts=parts,
                pipeline=self._pipeline,
                judging=self._judging,
                alerting=self._alerting,
                links=self._links,
                keeper=self._keeper,
                apis=self._apis,
                live=self.live,
                ingestion=self._ingestion,
                recorder=self._recorder,
                now_us=now_us,
                stopping=self._stop,
            )
        )
        self.mappings = Mappings(
            paths.templates,
            self.files,
            self._judging,
            parts.rejected(),
            lambda message: len(self._inbox) < ROOM_FOR_LIVE and self._inbox.put(message),
            self.answers,
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
            analysis_publish=self._links.analysis_status(),
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

    @property
    def book(self) -> DeviceBook:
        """What was entered about the devices."""
        return self._judging.book

    @property
    def corrections(self) -> Corrections:
        """What calibrations make of a probe's values."""
        return self._judging.corrections

    def explain(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> Explanation:
        """Why a reading with these values, as stored, and quality flags has its index."""
        return self._judging.analyser.explain(values, flags, publisher_id, at_us)

    def interval(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> tuple[float, float] | None:
        """Where the index lies nine times in ten, given the probe's own error; about a
        millisecond. None where the profile knows no such thing."""
        return self._judging.analyser.interval(values, flags, publisher_id, at_us)

    def advice(
        self, device: DeviceState, trends: Mapping[str, float] | None = None
    ) -> tuple[Advice, ...]:
        """What to do about the newest reading of a device, the most urgent first; `trends`
        are changes in % over a week by channel."""
        judged = device.analysis
        return self._judging.analyser.advice(
            device.values,
            judged.flags,
            judged.reasons,
            device.publisher_id,
            device.timestamp_us,
            trends,
            clock_suspect=device.clock_suspect,
        )

    def changes(
        self, daily: Sequence[tuple[int, Values]], publisher_id: str = "", at_us: int = 0
    ) -> Mapping[str, float]:
        """How many % the nutrients changed in a week, from daily means as stored; the
        `trends` of `advice`. Empty where there are too few days."""
        return self._judging.analyser.changes(daily, publisher_id, at_us)

    def siblings(self, publisher_id: str) -> int:
        """How many probes of its zone a device is compared with for drift."""
        return self._judging.quality.siblings(publisher_id)

    @property
    def profile(self) -> str:
        """The profile that judges now: the chosen one, unless that cannot be used."""
        return self._judging.analyser.profile_id

    def profiles(self) -> QueryHandle[tuple[str, ...]]:
        """The profiles there are to choose from, the user's own among them."""
        return self.queries.submit("profiles", lambda _: self._parts.profiles())

    def limits(self) -> Mapping[str, Limits]:
        """The present profile's ranges, for the channels that it judges."""
        return self._alerting.limits()

    def alerts(self) -> AlertBoard:
        """The alerts to be shown now."""
        return self._alerting.board

    def try_rule(self, rule: AlertRule, days: int = 7) -> QueryHandle[TriedRule]:
        """What a rule would have told over the last days of this computer's readings."""
        return self._alerting.try_rule(self.queries, self.history, rule, days)

    def test_sink(
        self, kind: SinkName, changes: Mapping[str, Any], secret: str | None
    ) -> QueryHandle[None]:
        """Sends a test message as changed settings say; `secret` None is the one kept."""
        return self._alerting.test_sink(self._probes, kind, changes, secret)

    def export_alerts(self, path: Path, publisher_id: str | None = None) -> QueryHandle[int]:
        """Writes the alerts to a CSV file; the answer is how many."""

        def write(handle: QueryHandle[int]) -> int:
            self._refuse_own(path)
            return self._parts.export_alerts(path, publisher_id, lambda: handle.token.cancelled)

        return self.files.submit("alert export", write)

    def export_settings(self, path: Path) -> QueryHandle[int]:
        """Writes the settings without any secret to a file that can be imported; the answer
        is how many."""
        settings = self.settings

        def write(_: QueryHandle[int]) -> int:
            self._refuse_own(path)
            return export_settings(settings, path)

        return self.files.submit("settings export", write)

    def _refuse_own(self, path: Path) -> None:
        if self.paths.is_own(path):
            raise KnownError("export.own_file", path=str(path))

    def export(self, request: ExportRequest) -> QueryHandle[int]:
        """Writes readings to a file; the answer is the number of rows."""

        def write(handle: QueryHandle[int]) -> int:
            self._refuse_own(request.out)
            return self.history.export(request, handle.report, lambda: handle.token.cancelled)

        return self.files.submit("export", write)

    def reanalyse(self, request: ReanalysisRequest) -> QueryHandle[ReanalysisResult]:
        """Judges stored readings again, by the present profile and calibrations; their values
        and flags stay. The handle tells how far it is."""

        def work(handle: QueryHandle[ReanalysisResult]) -> ReanalysisResult:
            problem = self._judging.problem
            if problem is not None:
                # Another profile than the chosen one judges at present.
                raise KnownError(problem.code, **problem.params)
            analyser = self._judging.analyser

            def judge(reading: Reading, flags: tuple[int, ...]) -> Analysis:
                return analyser.analyse(reading, Verdict(flags, ()))

            job = self._parts.reanalysis(self.settings, self._secrets.get("storage.mysql_password"))
            try:
                result = job.run(request, judge, handle.report, lambda: handle.token.cancelled)
            finally:
                self.rewritten += 1
            self.live.preload(self.history.last_states(self._now_us()))
            return result

        return self.files.submit("reanalysis", work)

    def test_api(self, changes: Mapping[str, Any], token: str | None) -> QueryHandle[ApiTest]:
        """Asks the API once, as changed settings name it; `token` None is the one kept.

        The problem of the answer is the program's own; the API's is in the `ApiTest`.
        """

        def ask(_: QueryHandle[ApiTest]) -> ApiTest:
            key = self._secrets.get("api.token") if token is None else token
            return self._parts.test_api(self._store.preview(changes), key or None)

        return self._probes.submit("api test", ask)

    def builtin_password(self) -> QueryHandle[str | None]:
        """The built-in broker's password, for who has to type it into a sensor."""
        return self._probes.submit(
            "builtin password", lambda _: self._secrets.get("builtin_broker.password")
        )

    def test_broker(
        self, changes: Mapping[str, Any], typed: Mapping[str, str], *, listen: bool = False
    ) -> Probe:
        """Tries the external broker as changed settings name it. Secrets that were not `typed`
        are those that are kept. With `listen` everything on it is heard for a while."""
        wanted = {**changes, "broker.mode": "external", "api.mode": "auto"}

        def plan() -> Checks:
            settings = self._store.preview(wanted)
            checks = self._parts.checks("broker", settings, self._or_kept(typed), listen=listen)
            link, client_id = self._links.link_status, self.settings.broker.client_id
            same = settings.broker.client_id in ("", client_id)
            return with_running_link(checks, link, settings.broker, client_id) if same else checks

        return Probe("broker", plan)

    def test_store(self, changes: Mapping[str, Any], typed: Mapping[str, str]) -> Probe:
        """Tries the store as changed settings name it; nothing is stored."""
        return Probe(
            "store",
            lambda: self._parts.checks("store", self._store.preview(changes), self._or_kept(typed)),
        )

    def _or_kept(self, typed: Mapping[str, str]) -> Callable[[str], str | None]:
        return lambda key: typed.get(key) or self._secrets.get(key)

    def count_export(self, request: ExportRequest) -> QueryHandle[int]:
        """How many rows an export would write."""
        return self.queries.submit(
            "count",
            lambda handle: self.history.count_export(request, lambda: handle.token.cancelled),
        )

    def preview_export(self, request: ExportRequest) -> QueryHandle[ExportPreview]:
        """The first rows of an export, as they would stand in the file."""
        return self.queries.submit(
            "preview",
            lambda handle: self.history.preview_export(request, lambda: handle.token.cancelled),
        )

    # -- life cycle ------------------------------------------------------------------

    def start(self, connect: bool | None = None, *, approve: bool = False) -> None:
        """Opens the store and connects where a broker was chosen, or as `connect` says.

        `approve` allows in advance what a store server's database needs added. Returns at
        once.
        """
        if approve:
            self._keeper.approve_all()
        self._alerting.start()
        self._ingestion.start()
        self._recorder.start()
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
        # While the store is open, and before its own stop looks like a trouble.
        clean = self._recorder.stop(min(0.7, deadline_s / 4))
        clean &= self._end_control()
        clean &= self._apis.stop_intake(min(1.0, deadline_s / 4))
        self._inbox.close()
        clean &= self._links.stop_publisher(min(1.0, deadline_s / 4))
        clean &= self._ingestion.stop(max(0.1, min(2.0, ends - time.monotonic() - 1.5)))
        clean &= self._alerting.keeper.stop(max(0.1, min(0.6, ends - time.monotonic() - 1.0)))
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

    def _device_name(self, publisher_id: str) -> str:
        record = self.book.records.get(publisher_id)
        return record.name if record is not None else ""

    def _store_opened(self) -> None:
        """On the pipeline thread, before the first reading is judged."""
        try:
            self._judging.use_book(self._parts.device_store().load())
            self._book_problem = None
        except KnownError as error:
            log.warning("what is known of the devices could not be read: %s", error)
            self._book_problem = error.problem
        except Exception as error:
            # Whatever is in those tables, readings must be stored.
            log.exception("what is known of the devices could not be used")
            self._book_problem = Problem("devices.unusable", {"error": type(error).__name__})
        self._load_known_devices()

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
        self._alerting.follow()
        while not self._stop.is_set():
            try:
                command = self._commands.get(timeout=TICK_S)
            except queue.Empty:
                self._links.tick()
                self._keeper.tick()
                self._apis.tick()
                self._state_log.note(self.snapshot())
                self._alerting.follow()
            else:
                if command is not None:
                    self._control.execute(command)
                    self._alerting.follow()

    def _problems(self) -> tuple[Problem, ...]:
        found: Sequence[Problem | None] = (
            *self._store.problems,
            self._judging.problem,
            *self._alerting.keeper.problems,
            self._book_problem,
            *self._control.problems,
            *self._ingestion.problems,
            self._recorder.problem,
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
