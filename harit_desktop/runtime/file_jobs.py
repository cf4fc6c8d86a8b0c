"""Work that a person asks for and that takes its time: exports and judging anew."""

from __future__ import annotations

from pathlib import Path

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportPreview, ExportRequest
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.workbench import Workbench
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.transfer import export_settings


class FileJobs:
    """Runs in the pools; no call waits. Nothing is written over the program's own files:
    KnownError(export.own_file)."""

    def __init__(
        self, bench: Workbench, paths: DataPaths, queries: QueryPool, files: QueryPool
    ) -> None:
        self._bench = bench
        self._paths = paths
        self._queries = queries
        self._files = files
        self.rewritten = 0
        """Grows when stored judgements were changed: what was read before is out of date."""

    def export(self, request: ExportRequest) -> QueryHandle[int]:
        """Writes readings to a file; the answer is the number of rows."""

        def write(handle: QueryHandle[int]) -> int:
            self._refuse_own(request.out)
            history = self._bench.keeper.history
            return history.export(request, handle.report, lambda: handle.token.cancelled)

        return self._files.submit("export", write)

    def count_export(self, request: ExportRequest) -> QueryHandle[int]:
        """How many rows an export would write."""

        def count(handle: QueryHandle[int]) -> int:
            return self._bench.keeper.history.count_export(request, lambda: handle.token.cancelled)

        return self._queries.submit("count", count)

    def preview_export(self, request: ExportRequest) -> QueryHandle[ExportPreview]:
        """The first rows of an export, as they would stand in the file."""

        def preview(handle: QueryHandle[ExportPreview]) -> ExportPreview:
            return self._bench.keeper.history.preview_export(
                request, lambda: handle.token.cancelled
            )

        return self._queries.submit("preview", preview)

    def export_alerts(self, path: Path, publisher_id: str | None = None) -> QueryHandle[int]:
        """Writes the alerts to a CSV file; the answer is how many."""

        def write(handle: QueryHandle[int]) -> int:
            self._refuse_own(path)
            return self._bench.parts.export_alerts(
                path, publisher_id, lambda: handle.token.cancelled
            )

        return self._files.submit("alert export", write)

    def export_settings(self, path: Path) -> QueryHandle[int]:
        """Writes the settings without any secret to a file that can be imported; the answer
        is how many."""
        settings = self._bench.settings_store.current

        def write(_: QueryHandle[int]) -> int:
            self._refuse_own(path)
            return export_settings(settings, path)

        return self._files.submit("settings export", write)

    def reanalyse(self, request: ReanalysisRequest) -> QueryHandle[ReanalysisResult]:
        """Judges stored readings again, by the present profile and calibrations; their values
        and flags stay. The handle tells how far it is."""
        return self._files.submit("reanalysis", lambda handle: self._judge_anew(request, handle))

    def _judge_anew(
        self, request: ReanalysisRequest, handle: QueryHandle[ReanalysisResult]
    ) -> ReanalysisResult:
        problem = self._bench.judging.problem
        if problem is not None:
            # Another profile than the chosen one judges at present.
            raise KnownError(problem.code, **problem.params)
        analyser = self._bench.judging.analyser

        def judge(reading: Reading, flags: tuple[int, ...]) -> Analysis:
            return analyser.analyse(reading, Verdict(flags, ()))

        password = self._bench.secrets.get("storage.mysql_password")
        job = self._bench.parts.reanalysis(self._bench.settings_store.current, password)
        try:
            result = job.run(request, judge, handle.report, lambda: handle.token.cancelled)
        finally:
            self.rewritten += 1
        self._bench.live.preload(self._bench.keeper.history.last_states(self._bench.now_us()))
        return result

    def _refuse_own(self, path: Path) -> None:
        if self._paths.is_own(path):
            raise KnownError("export.own_file", path=str(path))
