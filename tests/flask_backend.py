"""A stand-in for the existing system's Flask backend, traps included, as a child process.

Its traps: `latest` and `analyze` say `soil_health_index`, `history` says `health_index`;
`is_anomalous` is a bool or 0/1; now and then a row has no analysis; times are the server's own,
naive and local; rows name no publisher; numbers come back with six significant digits, as from
MySQL's FLOAT; what a request carries beside the seven values is ignored.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.servers import ServerProcess  # noqa: E402 - the child may run in any folder

KEYS = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
FAULTS = (
    "none",
    "slow",  # answers right, after 5 s
    "e500",
    "e503",
    "e429",  # with Retry-After: 2
    "html",  # 200 with a page, as a captive portal
    "redirect",
    "huge",  # 200 MB
    "half_json",  # 200 with the first half of a right answer
    "hang",  # never answers, until the fault is changed
    "lost_answer",  # does what was asked, then breaks the connection
)
"""With a fault nothing that is posted is stored, `slow` and `lost_answer` aside."""

SLOW_S = 5.0
NO_ANALYSIS_EVERY = 7


class FlaskBackend(ServerProcess):
    """The backend on a free port of loopback; rows survive its restarts and kills.

    `zone` is the zone of its clock (default: this computer's). With `token` it wants
    `Authorization: Bearer` (the existing one never does).
    """

    name = "flask-backend"

    def __init__(
        self, *, zone: str | None = None, token: str | None = None, port: int | None = None
    ) -> None:
        super().__init__(port)
        self._zone = zone
        self._token = token
        self._fault = "none"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def readings(self) -> list[dict[str, Any]]:
        """All rows, oldest first; also while it is down.

        Each has `id`, `timestamp`, `sensor_readings` as they were sent, and `posted`: the whole
        body of its request (empty for a row that was added).
        """
        return list(_rows_of(self._rows_file))

    def requests(self) -> list[str]:
        """What it was asked, as "GET /health", oldest first; also while it is down."""
        file = self.folder / "requests.txt"
        return file.read_text().splitlines() if file.exists() else []

    def add(self, values: Mapping[str, float], timestamp: str | None = None) -> None:
        """A row that came to it another way; `timestamp` is naive local time (default: now)."""
        body = {"values": dict(values), "timestamp": timestamp}
        self._control("add", body)

    def set_fault(self, name: str) -> None:
        """Takes effect at once, and stays over restarts."""
        assert name in FAULTS, name
        self._fault = name
        if self.process is not None:
            self._control("fault", {"name": name})

    @property
    def _rows_file(self) -> Path:
        return self.folder / "rows.jsonl"

    def _control(self, what: str, body: object) -> None:
        request = urllib.request.Request(
            f"{self.url}/_control/{what}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with _opener().open(request, timeout=10) as answer:
            answer.read()

    def _begin(self) -> list[str]:
        options = ["--port", str(self.port), "--folder", str(self.folder), "--fault", self._fault]
        if self._zone is not None:
            options += ["--zone", self._zone]
        if self._token is not None:
            options += ["--token", self._token]
        return [sys.executable, str(Path(__file__)), *options]

    def _answers(self) -> bool:
        try:
            with _opener().open(f"{self.url}/_control/ready", timeout=1):
                return True
        except OSError:
            return False


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _rows_of(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        # The last line may be half written, where it was killed: it was not answered then.
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def _time_of(row: Mapping[str, Any]) -> str:
    return str(row["timestamp"])


class Rows:
    """What the backend holds: in memory, and in a file for its next life."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._rows = sorted(_rows_of(file), key=_time_of)
        self._file = file.open("a")
        if file.stat().st_size and not file.read_bytes().endswith(b"\n"):
            self._file.write("\n")

    def add(
        self, values: Mapping[str, float], posted: object, timestamp: str | None = None
    ) -> dict[str, Any]:
        with self._lock:
            number = len(self._rows) + 1
            row = {
                "id": number,
                "timestamp": timestamp or _now(),
                "sensor_readings": dict(values),
                "posted": posted,
                **_analysis(values),
            }
            self._rows.append(row)
            if timestamp is not None:
                self._rows.sort(key=_time_of)
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
            return row

    def newest(self, limit: int) -> list[dict[str, Any]]:
        with self._lock:
            return self._rows[::-1][: max(limit, 0)]

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._rows)


def _now() -> str:
    return dt.datetime.now().isoformat()  # noqa: DTZ005 - the existing backend's trap


def _analysis(values: Mapping[str, float]) -> dict[str, Any]:
    """Not the existing system's judgement, whose worth nobody relies on: only its fields."""
    index = int(
        max(0.0, min(100.0, 100 - 10 * abs(values["pH"] - 7) - abs(values["Moisture"] - 55)))
    )
    bands = ((75, "Excellent"), (60, "Good"), (45, "Fair"), (30, "Poor"), (0, "Critical"))
    return {
        "index": index,
        "health_status": next(word for floor, word in bands if index >= floor),
        "is_anomalous": values["Moisture"] < 20,
        "anomaly_score": round(abs(values["Moisture"] - 55) / 100, 3),
        "critical_factors": ["Moisture"] if values["Moisture"] < 20 else [],
    }


def _as_float_columns(values: Mapping[str, float]) -> dict[str, float]:
    return {key: float(f"{value:.6g}") for key, value in values.items()}


def _history_row(row: Mapping[str, Any]) -> dict[str, Any]:
    number = row["id"]
    found: dict[str, Any] = {
        "timestamp": row["timestamp"],
        "health_index": row["index"],
        "health_status": row["health_status"],
        "is_anomalous": row["is_anomalous"] if number % 2 else int(row["is_anomalous"]),
        "anomaly_score": row["anomaly_score"],
        "sensor_readings": _as_float_columns(row["sensor_readings"]),
    }
    if number % NO_ANALYSIS_EVERY == 0:
        found.update(health_index=None, health_status=None, is_anomalous=None)
        del found["anomaly_score"]
    return found


def _whole(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": row["timestamp"],
        "soil_health_index": row["index"],
        "health_status": row["health_status"],
        "is_anomalous": row["is_anomalous"],
        "anomaly_score": row["anomaly_score"],
        "critical_factors": row["critical_factors"],
        "sensor_readings": row["sensor_readings"],
    }


def _stats(rows: list[dict[str, Any]]) -> dict[str, Any]:
    anomalous = sum(1 for row in rows if row["is_anomalous"])
    bands: dict[str, int] = {}
    for row in rows:
        bands[row["health_status"]] = bands.get(row["health_status"], 0) + 1
    count = len(rows)
    return {
        "total_readings": count,
        "average_health_index": round(sum(row["index"] for row in rows) / count, 2) if rows else 0,
        "anomaly_count": anomalous,
        "anomaly_percentage": round(100 * anomalous / count, 2) if rows else 0,
        "status_distribution": bands,
        "mode": "MySQL",
    }


def _serve(port: int, folder: Path, fault: str, token: str | None) -> None:
    import flask
    from werkzeug.serving import make_server

    app = flask.Flask("flask_backend")
    rows = Rows(folder / "rows.jsonl")
    asked = (folder / "requests.txt").open("a", buffering=1)
    state = {"fault": fault}

    @app.before_request
    def _fail() -> Any:
        if flask.request.path.startswith("/_control/"):
            return None
        asked.write(f"{flask.request.method} {flask.request.full_path.rstrip('?')}\n")
        if token is not None and flask.request.headers.get("Authorization") != f"Bearer {token}":
            return {"error": "Unauthorized"}, 401
        return _instead(state)

    @app.after_request
    def _spoil(answer: Any) -> Any:
        if flask.request.path.startswith("/_control/"):
            return answer
        if state["fault"] == "half_json" and flask.request.method == "GET":
            answer.set_data(answer.get_data()[: len(answer.get_data()) // 2])
        if state["fault"] == "lost_answer":
            answer.headers["Content-Length"] = str(len(answer.get_data()) + 100)
            answer.headers["Connection"] = "close"
            # werkzeug would mend the length of an answer in one piece.
            answer.response = iter([answer.get_data()[:10]])
        return answer

    _old_routes(app, rows)

    @app.get("/_control/ready")
    def _ready() -> Any:
        return {}

    @app.post("/_control/add")
    def _add() -> Any:
        body = flask.request.get_json()
        rows.add(body["values"], {}, body["timestamp"])
        return {}

    @app.post("/_control/fault")
    def _set_fault() -> Any:
        state["fault"] = flask.request.get_json()["name"]
        return {}

    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


def _instead(state: dict[str, str]) -> Any:
    """What the fault answers in place of the right thing; None where the request is served."""
    import flask

    fault = state["fault"]
    error = {"error": "Internal error", "details": "made for a test"}
    if fault == "slow":
        time.sleep(SLOW_S)
    while state["fault"] == "hang":
        time.sleep(0.05)
    answers: dict[str, Any] = {
        "e500": (error, 500),
        "e503": (error, 503),
        "e429": (error, 429, {"Retry-After": "2"}),
        "html": ("<!doctype html><title>Welcome</title><p>Log in to this Wi-Fi.", 200),
        "redirect": ("", 302, {"Location": "http://127.0.0.1:9/elsewhere"}),
    }
    if fault == "huge":
        megabyte = b'{"readings": [' + b"0," * 500_000
        return flask.Response((megabyte for _ in range(200)), mimetype="application/json")
    if fault == "half_json" and flask.request.method == "POST":
        return flask.Response(b'{"timestamp": "2025-12-0', mimetype="application/json")
    return answers.get(fault)


def _old_routes(app: Any, rows: Rows) -> None:
    import flask

    @app.get("/health")
    def _health() -> Any:
        return {"status": "ok", "service": "soil-health-api"}

    @app.post("/api/soil-health/analyze")
    def _analyze() -> Any:
        try:
            body = flask.request.get_json()
            if not all(key in body for key in KEYS):
                return {"error": "Missing required fields", "required": list(KEYS)}, 400
            values = {key: float(body[key]) for key in KEYS}
            return _whole(rows.add(values, body))
        except (TypeError, ValueError) as error:
            return {"error": f"Invalid data type: {error}"}, 400
        except Exception as error:  # noqa: BLE001 - as the existing backend does
            return {"error": "Internal error", "details": str(error)}, 500

    @app.get("/api/soil-health/latest")
    def _latest() -> Any:
        newest = rows.newest(1)
        if not newest:
            return {"error": "No readings available"}, 404
        return {**_whole(newest[0]), "mode": "MySQL"}

    @app.get("/api/soil-health/history")
    def _history() -> Any:
        limit = flask.request.args.get("limit", 100, type=int)
        found = [_history_row(row) for row in rows.newest(limit)]
        return {"total": len(found), "readings": found, "mode": "MySQL"}

    @app.get("/api/soil-health/stats")
    def _answer_stats() -> Any:
        return _stats(rows.all())


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--zone")
    parser.add_argument("--token")
    options = parser.parse_args()
    if options.zone is not None:
        os.environ["TZ"] = options.zone
        time.tzset()
    _serve(options.port, options.folder, options.fault, options.token)


if __name__ == "__main__":
    _main()
