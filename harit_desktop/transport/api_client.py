"""Requests to a remote soil-health API: what the existing backend and another Harit offer."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable

from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_answer import Tree, object_in, read_body
from harit_desktop.transport.api_connection import ApiConnection
from harit_desktop.transport.api_failures import (
    ApiFailure,
    Closed,
    NotTheApi,
    TooBig,
    failure_of,
    failure_of_status,
    may_be_refusal,
)

__all__ = ["ApiClient", "ApiFailure"]

LONGEST_S = 30.0
SHORTEST_S = 1.0
NO_READING = b"{}"
_API = "/api/soil-health"
_MAX_EXPLANATION_BYTES = 65_536
_FAILURES = (OSError, ValueError, http.client.HTTPException, Closed, NotTheApi, TooBig)
"""ValueError: what http.client makes of some malformed answers and impossible host names."""


class ApiClient:
    """One thread's connection to a remote API; `close` may come from any other thread.

    Each request has one deadline for everything, the lookup of the name and the last byte of
    the answer included: `timeout_s`, at least 1 and at most 30 s. No redirect is followed and
    no proxy, cookie or password file is used. Certificates are always verified. `token` is
    sent only over TLS or to this computer, and is in no text made of a client or its failures.

    Requests raise ApiFailure and nothing else, whatever the server does. The bytes they return
    are a JSON object of the expected kind, at most 5 MiB; its details may still be wrong.
    """

    def __init__(self, address: ApiAddress, token: str | None, timeout_s: float) -> None:
        self.address = address
        self._timeout_s = min(max(timeout_s, SHORTEST_S), LONGEST_S)
        safe = address.scheme == "https" or address.is_loopback
        self._connection = ApiConnection(address, token if safe else None)
        self._in_use = threading.Lock()

    def __repr__(self) -> str:
        return f"ApiClient({self.address.shown})"

    def health(self) -> bytes:
        """Whether the API is there."""
        return self._request("GET", "/health")

    def latest(self) -> bytes:
        """The newest reading; `NO_READING` where the API holds none yet."""
        return self._request("GET", f"{_API}/latest", empty_at_404=True)

    def history(self, limit: int) -> bytes:
        """The newest `limit` readings, newest first."""
        return self._request("GET", f"{_API}/history", _is_history, query=f"?limit={limit}")

    def stats(self) -> bytes:
        return self._request("GET", f"{_API}/stats")

    def post_reading(self, body: bytes) -> bytes:
        """Posts one reading; returns once the API says that it has it."""
        return self._request("POST", f"{_API}/analyze", _is_judgement, body=body)

    def close(self) -> None:
        """Ends a request under way, which raises ApiFailure, and refuses further ones."""
        self._connection.patience.give_up()
        self._close_if_unused()

    def _request(
        self,
        method: str,
        path: str,
        is_right: Callable[[Tree], bool] | None = None,
        *,
        query: str = "",
        body: bytes | None = None,
        empty_at_404: bool = False,
    ) -> bytes:
        try:
            with self._in_use:
                answer, found = self._exchange(method, path + query, body)
            if answer.status < 300:
                tree = object_in(found)
                if is_right is None or is_right(tree):
                    return found
                raise NotTheApi
        except _FAILURES as error:
            raise failure_of(error, self.address, self._timeout_s) from error
        finally:
            if self._connection.patience.given_up:
                self._close_if_unused()
        explanation = _error_in(found)
        if answer.status == 404 and empty_at_404 and explanation is not None:
            return NO_READING
        raise failure_of_status(
            self.address,
            answer.status,
            path=path,
            retry_after=answer.getheader("Retry-After"),
            refusal=explanation if body is not None else None,
        )

    def _exchange(
        self, method: str, target: str, body: bytes | None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer and its body; an error's body only where its words matter."""
        done = False
        self._connection.patience.begin(self._timeout_s)
        try:
            answer = self._connection.send(method, target, body)
            if answer.status < 300:
                found = read_body(answer)
                done = True
            elif answer.status == 404 or may_be_refusal(answer.status):
                found = _explanation(answer)
            else:
                found = b""
            return answer, found
        finally:
            self._connection.release(reusable=done and not answer.will_close)

    def _close_if_unused(self) -> None:
        # Otherwise the request under way ends soon, and closes it then.
        if self._in_use.acquire(blocking=False):
            try:
                self._connection.release(reusable=False)
            finally:
                self._in_use.release()


def _explanation(answer: http.client.HTTPResponse) -> bytes:
    """The body of an error; empty where it cannot be had, for its status counts all the same."""
    try:
        return read_body(answer, _MAX_EXPLANATION_BYTES)
    except (OSError, ValueError, http.client.HTTPException, NotTheApi, TooBig):
        return b""


def _error_in(body: bytes) -> str | None:
    """The API's own words for an error; None where something else answered."""
    try:
        words = object_in(body).get("error")
    except NotTheApi:
        return None
    return words if isinstance(words, str) else None


def _is_history(tree: Tree) -> bool:
    return isinstance(tree.get("readings"), list)


def _is_judgement(tree: Tree) -> bool:
    """Whether a posted reading was taken: some other service may answer 200 to anything."""
    return "soil_health_index" in tree or "sensor_readings" in tree
