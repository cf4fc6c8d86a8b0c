"""The built-in broker as the program sees it: start, stop, and how it is doing.

Restarts are the caller's decision: after an end, `start` can be called again on the same
object and prefers the port that clients already know.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec

from harit_desktop.broker import child_protocol
from harit_desktop.broker.child_protocol import ChildOptions, EngineFailure
from harit_desktop.broker.errors import BrokerError
from harit_desktop.broker.login import Login, usable_username
from harit_desktop.broker.ports import is_loopback_address, listen_address, reachable_address
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import BrokerState, BuiltinBrokerStatus

PORT_TRIES = 51
"""The configured port and the 50 above it."""

START_DEADLINE_S = 8.0
STOP_DEADLINE_S = 2.0

_KEPT_LINES = 50
_LINE_LIMIT = 1000
_KILL_S = 0.5
_CREATE_NO_WINDOW = 0x08000000


class BrokerConfig(msgspec.Struct, frozen=True):
    """`executable` overrides the search for mosquitto when it is not empty. The child works
    in `data_dir`/broker.

    `host` is a loopback address unless `allow_network` says that a person agreed to more;
    then every client needs `username` and `password`. On loopback they are needed as well
    where a password is given.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 1883
    engine: Literal["auto", "mosquitto", "amqtt"] = "auto"
    executable: str = ""
    allow_network: bool = False
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"BrokerConfig({self.host!r}, {self.port}, {self.engine!r})"

    @property
    def on_network(self) -> bool:
        """Whether other devices could connect."""
        return self.host != "localhost" and not is_loopback_address(self.host)

    @property
    def login(self) -> Login | None:
        """What a client must show; None where every one is let in."""
        return Login(self.username, self.password) if self.password else None

    def refuse_unsafe(self) -> None:
        """Raises EngineFailure `network_consent`, `bad_address`, `no_password` or
        `bad_username`."""
        listen_address(self.host, allow_network=self.allow_network)
        if self.on_network and not self.password:
            raise EngineFailure(child_protocol.NO_PASSWORD, "no password is set")
        if self.password and not usable_username(self.username):
            raise EngineFailure(child_protocol.BAD_USERNAME, "the user name cannot be used")


class BrokerReady(msgspec.Struct, frozen=True):
    """A broker that accepts clients; `host` is where those of this computer connect.

    `port` differs from `asked_port` where that was busy; `protocol` is the value for a
    client's `broker.protocol` setting; a `durable` broker keeps confirmed messages through
    its own restart; `pid` is the child's."""

    engine: str
    host: str
    port: int
    asked_port: int
    pid: int
    durable: bool
    protocol: Literal["auto", "3.1.1"]


class _Listening(msgspec.Struct, frozen=True, tag_field="event", tag=child_protocol.LISTENING):
    engine: str
    host: str
    port: int
    pid: int
    durable: bool


class _Failed(msgspec.Struct, frozen=True, tag_field="event", tag=child_protocol.FAILED):
    code: str
    detail: str


_Event = _Listening | _Failed
_EVENTS = msgspec.json.Decoder(_Event)


def child_command(config: BrokerConfig, first_port: int | None = None) -> list[str]:
    """The command line of the child process, from source or inside a packaged program.

    On loopback the child takes the first free port from `first_port` (default: the
    configured one) up to 50 above the configured one. On the network it takes that one or
    none, for sensors elsewhere would not find it. The password is not here.
    """
    program = [sys.executable]
    if not getattr(sys, "frozen", False):
        program += ["-m", "harit_desktop"]
    first = config.port if first_port is None or config.on_network else first_port
    options = ChildOptions(
        host=config.host,
        port=first,
        tries=1 if config.on_network else config.port + PORT_TRIES - first,
        engine=config.engine,
        data_dir=os.path.abspath(config.data_dir),
        executable=config.executable,
        allow_network=int(config.allow_network),
        login=int(config.login is not None),
    )
    return [*program, child_protocol.ROLE, *options.to_arguments()]


class BuiltinBroker:
    """One broker child at a time. Every method may be called from any thread."""

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._last_port: int | None = None

    def start(self, deadline_s: float = START_DEADLINE_S) -> BrokerReady:
        """Start the child and wait until it accepts clients.

        Blocks for up to `deadline_s`, so never call it on the main thread. Raises
        BrokerError; then no child is left. A running broker is returned as it is.
        """
        try:
            self._config.refuse_unsafe()
        except EngineFailure as failure:
            raise self._error(failure.code, failure.detail) from failure
        with self._lock:
            child = self._child
            if child is None or child.ended:
                if child is not None:
                    child.end(0.0)
                child = self._child = self._spawn()
        ready = child.wait_until_ready(deadline_s)
        if ready is None:
            problem = child.problem(self._config)
            child.end(STOP_DEADLINE_S)
            raise BrokerError(problem.code, **problem.params)
        self._last_port = ready.port
        return ready

    def stop(self, deadline_s: float = STOP_DEADLINE_S) -> None:
        """Ask the child to end and wait; kill it at the deadline. Never raises, may be
        called again, and makes a `start` that is under way raise."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end(deadline_s)

    def poll(self) -> BuiltinBrokerStatus:
        """The state at this moment, without waiting."""
        config, child = self._config, self._child
        status = BuiltinBrokerStatus(
            host=config.host, port=self._last_port or config.port, asked_port=config.port
        )
        if child is None:
            return status
        ready = child.ready
        if ready is not None:
            status = msgspec.structs.replace(
                status, engine=ready.engine, port=ready.port, durable=ready.durable
            )
        if child.ended:
            return msgspec.structs.replace(
                status, state=BrokerState.FAILED, problem=child.problem(config)
            )
        state = BrokerState.STARTING if ready is None else BrokerState.RUNNING
        return msgspec.structs.replace(status, state=state)

    @property
    def ready(self) -> BrokerReady | None:
        """What `start` returned, while that child runs."""
        child = self._child
        return None if child is None or child.ended else child.ready

    def log_lines(self) -> tuple[str, ...]:
        """The last lines that the child wrote. Text from outside: show it as plain text."""
        child = self._child
        return () if child is None else child.log_lines()

    def _spawn(self) -> _Child:
        command = child_command(self._config, self._last_port)
        try:
            return _Child(command, self._config)
        except OSError as error:
            raise self._error("not_started", str(error)) from error

    def _error(self, code: str, detail: str) -> BrokerError:
        problem = _problem(self._config, code, detail=detail)
        return BrokerError(problem.code, **problem.params)


class _Child:
    """One child process and the threads that read what it says."""

    def __init__(self, command: list[str], config: BrokerConfig) -> None:
        self._asked_port = config.port
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._failure: _Failed | None = None
        self._timed_out = False
        self._stopped = False
        self._decided = threading.Event()
        self._gone = threading.Event()
        self.ready: BrokerReady | None = None
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_child_environment(),
            # A signal from the terminal is for the program, which stops the broker last.
            start_new_session=True,
            creationflags=_CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        self._hand_over(config.login)
        targets = {"broker-events": self._read_events, "broker-log": self._read_log}
        self._readers = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in targets.items()
        ]
        for reader in self._readers:
            reader.start()

    def _hand_over(self, login: Login | None) -> None:
        """Short enough for the pipe: it never waits for the child."""
        if login is not None and self._process.stdin is not None:
            # A child that has ended already says why in its own words.
            with contextlib.suppress(OSError):
                self._process.stdin.write(login.to_line())
                self._process.stdin.flush()

    @property
    def ended(self) -> bool:
        """True once it has exited and its last words have been read."""
        return self._gone.is_set()

    def wait_until_ready(self, deadline_s: float) -> BrokerReady | None:
        """None if it ended first, or took longer, or `end` was called."""
        self._timed_out = not self._decided.wait(deadline_s)
        return None if self._stopped else self.ready

    def end(self, deadline_s: float) -> None:
        """Close its stdin, wait, kill it at the deadline, and collect it."""
        self._stopped = True
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if not self._gone.wait(deadline_s):
            self._process.kill()
            self._gone.wait(_KILL_S)
        for reader in self._readers:
            reader.join(_KILL_S)

    def problem(self, config: BrokerConfig) -> Problem:
        """Why it is not running."""
        if self._failure is not None:
            extra: dict[str, str | int] = {}
            if self._failure.code == child_protocol.PORT_BUSY and config.on_network:
                return _problem(config, "port_taken", detail=self._failure.detail)
            if self._failure.code == child_protocol.PORT_BUSY:
                extra = {"last_port": config.port + PORT_TRIES - 1}
            return _problem(config, self._failure.code, detail=self._failure.detail, **extra)
        detail = self._lines[-1] if self._lines else ""
        if self._timed_out:
            return _problem(config, "start_timeout", detail=detail)
        if self._stopped:
            return _problem(config, "stopped", detail=detail)
        code = self._process.returncode
        return _problem(config, "exited", detail=detail, exit_code=-1 if code is None else code)

    def log_lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def _read_events(self) -> None:
        for line in _lines(self._process.stdout):
            try:
                self._note(_EVENTS.decode(line))
            except msgspec.MsgspecError:
                self._lines.append(_plain(line))
        self._process.wait()
        self._gone.set()
        self._decided.set()

    def _note(self, event: _Event) -> None:
        if isinstance(event, _Failed):
            self._failure = event
            return
        self.ready = BrokerReady(
            engine=event.engine,
            host=reachable_address(event.host),
            port=event.port,
            asked_port=self._asked_port,
            pid=event.pid,
            durable=event.durable,
            protocol="3.1.1" if event.engine == child_protocol.AMQTT else "auto",
        )
        self._decided.set()

    def _read_log(self) -> None:
        for line in _lines(self._process.stderr):
            self._lines.append(_plain(line))


def _problem(config: BrokerConfig, code: str, **params: str | int) -> Problem:
    return Problem(f"builtin_broker.{code}", {"host": config.host, "port": config.port, **params})


def _lines(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """Lines until the other end closes; a longer one comes in pieces."""
    if pipe is not None:
        with pipe:
            while line := pipe.readline(_LINE_LIMIT):
                yield line


def _plain(line: bytes) -> str:
    """Printable text of a line from outside; anything else is shown as an escape."""
    text = line.decode(errors="replace").strip()[: child_protocol.DETAIL_LIMIT]
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _child_environment() -> dict[str, str]:
    """Ours; from source also the way to this very package, wherever the child starts."""
    environment = {
        # Settings and secrets of ours are none of the broker's business.
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HARIT_")
    }
    if not getattr(sys, "frozen", False):
        root = str(Path(__file__).resolve().parents[2])
        rest = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{rest}" if rest else root
        environment["PYTHONSAFEPATH"] = "1"
    return environment
