"""Our own API over a real store and pipeline, without the rest of the engine."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Self

import requests

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.app.api_service import StoreService
from harit_desktop.domain.status import LocalApiState
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import LIMIT, Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Stages
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.transport.local_api import LocalApi
from harit_desktop.transport.local_api_guard import LocalApiConfig
from harit_desktop.wire.registry import MessageDecoder
from tests.servers import wait_until

ANALYZE = "/api/soil-health/analyze"
LATEST = "/api/soil-health/latest"
HISTORY = "/api/soil-health/history"
STATS = "/api/soil-health/stats"
PAGE = "http://localhost:8080"
EXAMPLE = {
    "N": 22.5,
    "P": 17.8,
    "K": 152.3,
    "CO2": 498.2,
    "Temperature": 22.1,
    "Moisture": 54.8,
    "pH": 7.18,
}


def now_us() -> int:
    return time.time_ns() // 1000


class Rig:
    """A started API on a free port with a journal in `folder`. `hold` keeps commits back."""

    def __init__(
        self, folder: Path, *, inbox_limit: int = LIMIT, zone: str = "system", **config: Any
    ) -> None:
        self.path = folder / "harit.db"
        self.hold = threading.Event()
        self.answers = Answers()
        self.inbox = Inbox(inbox_limit)
        self.reader = HistoryReader(self.path)
        self._journal = SqliteJournal(self.path, now_us)
        self._journal.open()
        stages = Stages(MessageDecoder(zone), QualityControl.standard(), AnalysisEngine("classic"))
        self._pipeline = Pipeline(
            self.inbox, stages, LiveModel(), MessageRing(), now_us, self.answers
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="pipeline", daemon=True)
        chosen = {"host": "127.0.0.1", "port": 0, "origins": (PAGE,), **config}
        self._config = LocalApiConfig(**chosen)
        self._zone = zone
        self.api = self._build()

    def __enter__(self) -> Self:
        self._thread.start()
        self._serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold.clear()
        stopped = self.api.stop(5.0)
        self._stop.set()
        self.inbox.wake()
        self._thread.join(5.0)
        self._journal.close()
        assert stopped

    def _build(self) -> LocalApi:
        service = StoreService(
            self.inbox.put, self.answers, lambda: self.reader, mode="SQLite", zone=self._zone
        )
        return LocalApi(self._config, service)

    def _serve(self) -> None:
        self.api.start()
        wait_until(lambda: self.api.status().state is LocalApiState.RUNNING, 5, "the API runs")

    def serve_anew(self) -> None:
        """Another API, after the first was stopped, over the same pipeline."""
        self.api = self._build()
        self._serve()

    def commit(self, batch: Any) -> Any:
        """The journal's, unless held back."""
        while self.hold.is_set() and not self._stop.is_set():
            time.sleep(0.01)
        return self._journal.commit(batch)

    def is_delivered(self, message: Any) -> bool:
        return self._journal.is_delivered(message)

    def _pump(self) -> None:
        self._pipeline.run(self, self._stop)

    @property
    def port(self) -> int:
        return self.api.status().port

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url(path), timeout=10, **options)

    def post(self, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        return requests.post(self.url(ANALYZE), timeout=20, **options)

    def raw(self, data: bytes, timeout_s: float = 5.0) -> bytes:
        """Everything that is answered to these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout_s) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            found = b""
            while piece := client.recv(65536):
                found += piece
            return found

    def rows(self) -> list[dict[str, Any]]:
        """The stored readings, by id."""
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM sensor_readings")]
        connection.close()
        return rows


def assert_plain_error(response: requests.Response) -> None:
    """JSON with an error, and nothing of the program's inside."""
    assert response.headers["Content-Type"] == "application/json"
    assert isinstance(json.loads(response.content)["error"], str)
    for word in (b"Traceback", b"File ", b"harit_desktop", b"waitress", b"werkzeug"):
        assert word not in response.content
