"""Our own HTTP API: the five endpoints of the existing backend, as a WSGI application.

Knows nothing of the store: it asks `ApiService` for finished answers. Whatever goes wrong, a
client gets one line of JSON, and the log the rest.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from harit_desktop.domain.errors import KnownError
from harit_desktop.transport.local_api_answers import (
    JSON,
    MAX_BODY_BYTES,
    SECURITY_HEADERS,
    ApiAnswer,
    Headers,
    error_body,
    later,
    refusal,
)
from harit_desktop.transport.local_api_guard import Guard, Verdict

log = logging.getLogger(__name__)

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
"""Most readings of one `history` answer; a larger `limit` means this one."""
MAX_POSTS = 24
"""Readings that wait for their commit at once; the server's other threads answer the rest."""
_ROOM_WITHIN_S = 0.5

_HEALTH = b'{"status":"ok","service":"soil-health-api"}'


class ApiService(Protocol):
    """Gives the answers as JSON; from any thread. Raises KnownError where the store fails."""

    def post(self, body: bytes) -> ApiAnswer:
        """Stores a posted reading; 200 only once it is committed."""
        ...

    def give_up(self) -> None:
        """Ends every wait for a commit at once: the server is about to end."""
        ...

    def latest(self) -> bytes | None:
        """None without any reading."""
        ...

    def history(self, limit: int) -> bytes: ...
    def stats(self) -> bytes: ...


class ApiCounts:
    """Of one run of the server; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answered = self.stored = self.turned_away = 0

    def count(self, *, turned_away: bool) -> None:
        with self._lock:
            if turned_away:
                self.turned_away += 1
            else:
                self.answered += 1

    def count_stored(self) -> None:
        with self._lock:
            self.stored += 1


def build_app(service: ApiService, counts: ApiCounts) -> Flask:
    """The endpoints, without the guard."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    # Not the environment variable's choice.
    app.debug = False
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # A path is right or it is not; no answer sends a client to another address.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    endpoints = _Endpoints(service, counts)
    app.get("/health")(endpoints.health)
    app.post("/api/soil-health/analyze")(endpoints.analyze)
    app.get("/api/soil-health/latest")(endpoints.latest)
    app.get("/api/soil-health/history")(endpoints.history)
    app.get("/api/soil-health/stats")(endpoints.stats)
    app.register_error_handler(Exception, _failed)
    return app


class _Endpoints:
    def __init__(self, service: ApiService, counts: ApiCounts) -> None:
        self._service = service
        self._counts = counts
        self._room = threading.BoundedSemaphore(MAX_POSTS)

    def health(self) -> Response:
        return _ok(_HEALTH)

    def analyze(self) -> Response:
        if request.mimetype != JSON or request.headers.get("Content-Encoding"):
            return _response(refusal(415))
        body = request.get_data(cache=False)
        # A store that hangs must not hold every thread: the other answers still come.
        if not self._room.acquire(timeout=_ROOM_WITHIN_S):
            return _response(later("Too many readings wait to be stored; send this one again"))
        try:
            answer = self._service.post(body)
        finally:
            self._room.release()
        if answer.stored:
            self._counts.count_stored()
        return _response(answer)

    def latest(self) -> Response:
        body = self._service.latest()
        return _response(refusal(404, "No readings yet")) if body is None else _ok(body)

    def history(self) -> Response:
        limit = _limit(request.args.get("limit"))
        if limit is None:
            return _response(refusal(400, "limit must be a whole number of 1 or more"))
        return _ok(self._service.history(limit))

    def stats(self) -> Response:
        return _ok(self._service.stats())


def _limit(text: str | None) -> int | None:
    """How many readings are wanted, at most `MAX_LIMIT`; None where that is no count."""
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal()):
        return None
    digits = text.lstrip("0")
    if not digits:
        return None
    return MAX_LIMIT if len(digits) > len(str(MAX_LIMIT)) else min(int(digits), MAX_LIMIT)


def _ok(body: bytes) -> Response:
    return _response(ApiAnswer(200, body))


def _response(answer: ApiAnswer) -> Response:
    response = Response(answer.body, answer.status, mimetype=JSON)
    if answer.retry_after_s is not None:
        response.headers["Retry-After"] = str(answer.retry_after_s)
    return response


def _failed(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = _response(refusal(error.code or 500))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response
    if isinstance(error, KnownError):
        log.warning("a request could not be answered: %s", error.problem)
        return _response(later("The store does not answer at present"))
    log.error("a request failed", exc_info=error)
    return _response(refusal(500))


StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_TURNED_AWAY = ("401", "403", "429", "503")


class GuardedApp:
    """The application behind its guard; every answer gets the same security headers."""

    def __init__(self, app: WsgiApp, guard: Guard, counts: ApiCounts) -> None:
        self._app = app
        self._guard = guard
        self._counts = counts

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: object = None) -> Any:
            self._counts.count(turned_away=status.startswith(_TURNED_AWAY))
            headers = [*headers, *SECURITY_HEADERS, *self._guard.cross_origin_headers(environ)]
            return start_response(status, headers, exc_info)

        verdict = self._guard.judge(environ)
        if verdict is None:
            return self._app(environ, start)
        return _answer(verdict, start, environ)


def _answer(verdict: Verdict, start: StartResponse, environ: Mapping[str, Any]) -> Iterable[bytes]:
    if not verdict.error:
        start(verdict.status, list(verdict.headers))
        return []
    body = error_body(verdict.error)
    headers = [("Content-Type", JSON), ("Content-Length", str(len(body))), *verdict.headers]
    start(verdict.status, headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
