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

from harit_desktop.domain.alert import AlertBoard
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.status import EngineStatus
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
from harit_desktop.runtime.control import Control
from harit_desktop.runtime.file_jobs import FileJobs
from harit_desktop.runtime.ingestion import Ingestion
from harit_desktop.runtime.judgement import Judgement
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.known_devices import KnownDevices
from harit_desktop.runtime.links import Links
from harit_desktop.runtime.mapping import Mappings
from harit_desktop.runtime.overview import Overview
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.queries import QueryPool
from harit_desktop.runtime.recorder import Recorder, trouble_of
from harit_desktop.runtime.state_log import StateLog
from harit_desktop.runtime.store_keeper import StoreKeeper
from harit_desktop.runtime.store_parts import BackupPart, HistoryPart
from harit_desktop.runtime.trials import Trials
from harit_desktop.runtime.workbench import Workbench
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

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
        self.broker_profiles = BrokerProfiles(paths.broker_profiles, settings_store, secrets)
        self._inbox = Inbox()
        self._stop = threading.Event()
        self._state_log = StateLog()
        self.answers = Answers()
        self._judging = Judging(parts, settings_store.current)
        devices = KnownDevices(
            parts, self._judging, self.live, self.queries, lambda: self.history, now_us
        )
        self._keeper = StoreKeeper(parts, self.files, devices.load)
        self._pipeline = Pipeline(
            self._inbox, self._judging.stages, self.live, self.messages, now_us, self.answers
        )
        self._judging.follow(self._pipeline)
        self._ingestion = Ingestion(
            self._pipeline,
            parts,
            self._judging,
            devices.store_opened,
            self._keeper.spool_problem,
            self._committed,
        )
        self._alerting = AlertingService(
            AlertKeeper(
                parts.alert_store(),
                now_us,
                self.snapshot,
                self.live.devices,
                AlertSender(now_us, devices.name),
            ),
            self._judging,
            settings_store,
            secrets,
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
        recorder = Recorder(
            parts.recording_log(),
            lambda: trouble_of(
                self._links.link_status(),
                self._apis.api_status(),
                wanted=self._links.connection_wanted,
            ),
            lambda: self._ingestion.store_status().opened,
            now_us,
        )
        self._bench = bench = Workbench(
            settings_store=settings_store,
            secrets=secrets,
            profiles=self.broker_profiles,
            parts=parts,
            inbox=self._inbox,
            pipeline=self._pipeline,
            judging=self._judging,
            alerting=self._alerting,
            links=self._links,
            keeper=self._keeper,
            apis=self._apis,
            live=self.live,
            devices=devices,
            ingestion=self._ingestion,
            recorder=recorder,
            now_us=now_us,
            stopping=self._stop,
        )
        self._control = Control(bench)
        self._overview = Overview(bench, self._control)
        self.mappings = Mappings(
            paths.templates,
            self.files,
            self._judging,
            parts.rejected(),
            lambda message: len(self._inbox) < ROOM_FOR_LIVE and self._inbox.put(message),
            self.answers,
        )
        self.judgement = Judgement(self._judging, parts, self.queries)
        self.jobs = FileJobs(bench, paths, self.queries, self.files)
        self.trials = Trials(bench, self.queries)
        self._commands: queue.Queue[Command | None] = queue.Queue(MAX_COMMANDS)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    # -- for views -------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._bench.settings_store.current

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
        chosen = self._bench.settings_store.is_set("broker", but=("broker.client_id",))
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
        return self._overview.snapshot()

    @property
    def book(self) -> DeviceBook:
        """What was entered about the devices."""
        return self._judging.book

    @property
    def corrections(self) -> Corrections:
        """What calibrations make of a probe's values."""
        return self._judging.corrections

    def alerts(self) -> AlertBoard:
        """The alerts to be shown now."""
        return self._alerting.board

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
        self._bench.recorder.start()
        self._thread.start()
        if self.configured if connect is None else connect:
            self.submit(Connect())
        if self.settings.publisher.enabled:
            self.submit(StartPublisher())

    def stop(self, deadline_s: float = 5.0) -> bool:
        """Ends everything in order: recorder, control, intake from APIs, publisher, batch in hand
        with its acknowledgements, alerts, connection, forwarders, queries, broker. False when
        something outlived the deadline.

        What was not committed in time stays unacknowledged with the broker.
        """
        ends = time.monotonic() + deadline_s
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._commands.put_nowait(None)
        # While the store is open, and before its own stop looks like a trouble.
        clean = self._bench.recorder.stop(min(0.7, deadline_s / 4))
        clean &= self._end_control()
        clean &= self._apis.stop_intake(min(1.0, deadline_s / 4))
        self._inbox.close()
        clean &= self._links.stop_publisher(min(1.0, deadline_s / 4))
        clean &= self._ingestion.stop(max(0.1, min(2.0, ends - time.monotonic() - 1.5)))
        clean &= self._alerting.keeper.stop(max(0.1, min(0.6, ends - time.monotonic() - 1.0)))
        clean &= self._links.stop_source(max(0.1, min(1.0, ends - time.monotonic() - 0.8)))
        clean &= self._apis.stop_forward(max(0.1, min(0.5, ends - time.monotonic() - 0.6)))
        clean &= self._keeper.stop(max(0.1, min(0.6, ends - time.monotonic() - 0.5)))
        for pool in (self.queries, self.files, self.trials):
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

    def _committed(self, last_id: int) -> None:
        self._keeper.committed(last_id)
        self._apis.committed()

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
