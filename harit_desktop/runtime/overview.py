"""The state of everything at one moment, put together for views."""

from __future__ import annotations

import time
from collections.abc import Sequence

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.status import Counters, EngineStatus
from harit_desktop.runtime.control import Control
from harit_desktop.runtime.workbench import Workbench


class Overview:
    """Asks the parts of the engine; for any thread, never blocks."""

    def __init__(self, bench: Workbench, control: Control) -> None:
        self._bench = bench
        self._control = control
        self._began_s = time.monotonic()

    def snapshot(self) -> EngineStatus:
        """The state of all parts, with what is wrong."""
        bench = self._bench
        server = bench.keeper.server_status()
        return EngineStatus(
            link=bench.links.link_status(),
            store=bench.keeper.store_status(bench.ingestion.store_status()),
            publisher=bench.links.publisher_status(),
            analysis_publish=bench.links.analysis_status(),
            builtin_broker=bench.links.broker_status(),
            server=server,
            backup=bench.keeper.backup_status(),
            api=bench.apis.api_status(),
            api_forward=bench.apis.forward_status(),
            local_api=bench.apis.local_status(),
            counters=self._counters(server.waiting),
            last_received_us=bench.pipeline.metrics.last_received_us,
            uptime_s=time.monotonic() - self._began_s,
            problems=self._problems(),
        )

    def _counters(self, waiting: int) -> Counters:
        inbox, pipeline = self._bench.inbox, self._bench.pipeline
        metrics = pipeline.metrics
        return Counters(
            received=inbox.received,
            stored=metrics.total(Outcome.STORED),
            duplicates=metrics.total(Outcome.DUPLICATE),
            rejected=metrics.rejected,
            skipped=metrics.total(Outcome.SKIPPED),
            not_mapped=metrics.not_mapped,
            refused=metrics.total(Outcome.REJECTED),
            dropped=inbox.dropped,
            unacked=pipeline.unacked,
            waiting=waiting,
            msgs_per_s=metrics.rate_per_s(),
        )

    def _problems(self) -> tuple[Problem, ...]:
        bench = self._bench
        found: Sequence[Problem | None] = (
            *bench.settings_store.problems,
            bench.judging.problem,
            *bench.alerting.keeper.problems,
            bench.devices.problem,
            *self._control.problems,
            *bench.ingestion.problems,
            bench.recorder.problem,
            *bench.keeper.problems,
            *bench.apis.problems,
        )
        if bench.inbox.dropped:
            found = (*found, Problem("inbox.full", {"count": bench.inbox.dropped}))
        return tuple(problem for problem in found if problem is not None)
