"""What the program and its broker child say to each other.

The program passes options as arguments, a login (if there is one) as the first line on the
child's stdin, and keeps that open for as long as the broker shall live. The child answers
with JSON lines on stdout. Both sides import this file and the child's start is waited for, so
it imports only what is cheap.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

ROLE = "broker-child"
"""First argument of the process that plays the broker."""

LISTENING = "listening"
FAILED = "failed"

AUTO = "auto"
MOSQUITTO = "mosquitto"
AMQTT = "amqtt"
ENGINES = (AUTO, MOSQUITTO, AMQTT)

PORT_BUSY = "port_busy"
ENGINE_MISSING = "engine_missing"
ENGINE_FAILED = "engine_failed"
CRASHED = "crashed"
FOLDER = "folder"
NETWORK_CONSENT = "network_consent"
NO_PASSWORD = "no_password"
BAD_USERNAME = "bad_username"
BAD_ADDRESS = "bad_address"
BAD_ARGUMENTS = "bad_arguments"

DETAIL_LIMIT = 300
"""Longest `detail`, in characters: it may quote a foreign program's words."""


class EngineFailure(Exception):
    """An engine cannot run. `code` is one of the failure codes above."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


class ChildOptions(NamedTuple):
    """`tries` ports are tried, upwards from `port`; `executable` overrides the search
    for mosquitto when it is not empty. `allow_network` and `login` are 0 or 1: whether a
    person agreed to a listener beyond loopback, and whether a login comes on stdin."""

    host: str
    port: int
    tries: int
    engine: str
    data_dir: str
    executable: str = ""
    allow_network: int = 0
    login: int = 0

    def to_arguments(self) -> list[str]:
        arguments: list[str] = []
        for name, value in zip(self._fields, self, strict=True):
            arguments += [f"--{name.replace('_', '-')}", str(value)]
        return arguments

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> ChildOptions:
        """Raises EngineFailure with code `bad_arguments`."""
        names = [name.removeprefix("--").replace("-", "_") for name in arguments[::2]]
        if sorted(names) != sorted(cls._fields) or len(arguments) % 2:
            raise EngineFailure(BAD_ARGUMENTS, f"expected {', '.join(cls._fields)}")
        values = dict(zip(names, arguments[1::2], strict=True))
        if values["engine"] not in ENGINES:
            raise EngineFailure(BAD_ARGUMENTS, f"unknown engine {values['engine']!r}")
        if not values["port"].isdecimal() or not values["tries"].isdecimal():
            raise EngineFailure(BAD_ARGUMENTS, "port and tries are whole numbers")
        if {values["allow_network"], values["login"]} - {"0", "1"}:
            raise EngineFailure(BAD_ARGUMENTS, "allow_network and login are 0 or 1")
        return cls(
            host=values["host"],
            port=int(values["port"]),
            tries=int(values["tries"]),
            engine=values["engine"],
            data_dir=values["data_dir"],
            executable=values["executable"],
            allow_network=int(values["allow_network"]),
            login=int(values["login"]),
        )


def announce_listening(engine: str, host: str, port: int, durable: bool) -> None:
    """Say that connections are accepted from now on. `durable` engines keep what they
    have confirmed through a restart of the broker."""
    _say(
        {
            "event": LISTENING,
            "engine": engine,
            "host": host,
            "port": port,
            "pid": os.getpid(),
            "durable": durable,
        }
    )


def announce_failure(failure: EngineFailure) -> None:
    """Say why there is no broker, or no broker any more."""
    _say({"event": FAILED, "code": failure.code, "detail": failure.detail[:DETAIL_LIMIT]})


def _say(event: dict[str, str | int | bool]) -> None:
    line = json.dumps(event) + "\n"
    try:
        # One write on the descriptor: the line stays whole, and a windowed build has no
        # sys.stdout object even where the pipe is there.
        os.write(1, line.encode("ascii"))
    except OSError:
        return  # the program is gone; the end of stdin ends this process as well


def note(text: str) -> None:
    """One line for the program's log."""
    try:
        os.write(2, f"{text[:DETAIL_LIMIT]}\n".encode(errors="replace"))
    except OSError:
        return
