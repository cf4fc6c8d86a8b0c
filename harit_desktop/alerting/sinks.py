"""What sends messages to people: one interface, and errors by name."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Literal, Protocol

from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.watchdog import TIME_LIMIT_S
from harit_desktop.domain.errors import KnownError

SinkName = Literal["email", "webhook"]


class Sink(Protocol):
    """Sends what changed as one message. Every call may block for some 10 s.

    Raises KnownError alerts.<name>_not_set, _dns{host}, _refused{host,port},
    _timeout{host,seconds}, _tls{host,cause}, _login{user}, _rejected{reason} and, before
    anything is sent, _bad_address{address,why}.
    """

    @property
    def name(self) -> SinkName: ...
    def send(self, tellings: Sequence[Telling], left_out: int = 0) -> None: ...

    def test(self) -> None:
        """Sends a test message."""
        ...


def named_error(name: SinkName, error: OSError, host: str, port: int, *, late: bool) -> KnownError:
    """A failed connection by its name. `late` says that the time limit was over."""
    if late or isinstance(error, TimeoutError):
        return KnownError(f"alerts.{name}_timeout", host=host, seconds=round(TIME_LIMIT_S))
    if isinstance(error, ssl.SSLError):
        cause = getattr(error, "verify_message", "") or error.reason or str(error)
        return KnownError(f"alerts.{name}_tls", host=host, cause=str(cause)[:200])
    if isinstance(error, socket.gaierror | UnicodeError):
        return KnownError(f"alerts.{name}_dns", host=host)
    return KnownError(f"alerts.{name}_refused", host=host, port=port)
