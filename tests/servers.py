"""Real servers for tests: each in a temporary folder of its own, on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


def free_port() -> int:
    """A port of loopback on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    condition: Callable[[], object], timeout_s: float = 10.0, what: str = "the condition"
) -> None:
    """Polls until `condition` is true; fails with `what` otherwise."""
    until_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until_s:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.01)


class ServerProcess:
    """A server as a child process that a test may stop, kill, freeze and restart.

    The port stays the same over restarts. Everything is in `folder`, which is removed at the
    end. A kind of server says how it is begun (`_begin`) and when it answers (`_answers`).
    """

    name: str
    ready_within_s = 10.0
    ends_within_s = 10.0

    def __init__(self, port: int | None) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    @property
    def _log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        command = self._begin()
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            wait_until(self._is_ready, self.ready_within_s, f"{self.name} answers")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log}") from error

    def stop(self) -> None:
        """A clean stop (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; nothing is saved that was not saved before."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, new ones are accepted, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _begin(self) -> list[str]:
        """Prepares a start; returns the command line."""
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended at its start")
        return self._answers()

    def _signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        if number == signal.SIGTERM:
            # A frozen process takes the signal only when it runs again.
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(self.ends_within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def server_program(name: str, package: str) -> str:
    """Where a server's program is; Debian keeps some where only root's PATH looks."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise AssertionError(f"the tests need {name}: install the package {package}")
    return found


def runs_as_root() -> bool:
    """Then a server becomes another user, who cannot read the folder, unless told not to."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


class MosquittoServer(ServerProcess):
    """A `mosquitto`.

    `config` are further lines of mosquitto.conf (they apply to the listener);
    `anonymous` False needs a password file among them. With `persistence` the sessions
    outlive a clean stop, and a kill too (saved at every change). `verbose` logs every packet.
    `first` are lines that must stand before the listener.
    """

    name = "mosquitto"

    def __init__(
        self,
        config: Sequence[str] = (),
        *,
        persistence: bool = False,
        anonymous: bool = True,
        port: int | None = None,
        verbose: bool = False,
        first: Sequence[str] = (),
    ) -> None:
        super().__init__(port)
        self._config = list(config)
        self._first = list(first)
        self._persistence = persistence
        self._anonymous = anonymous
        self._verbose = verbose

    def use(self, config: Sequence[str]) -> None:
        """Replaces the further lines of the configuration from the next start on."""
        self._config = list(config)

    def publish(self, topic: str, payload: str, *options: str) -> None:
        """Publishes at QoS 1 with `mosquitto_pub` and waits for its confirmation."""
        self._client("mosquitto_pub", "-q", "1", "-t", topic, "-m", payload, *options)

    def publish_lines(self, topic: str, lines: str) -> None:
        """Publishes each line as a message, at QoS 1 over one connection."""
        self._client("mosquitto_pub", "-q", "1", "-t", topic, "-l", stdin=lines.encode())

    def publish_bytes(self, topic: str, payload: bytes) -> None:
        """Publishes any bytes as one message at QoS 1."""
        self._client("mosquitto_pub", "-q", "1", "-t", topic, "-s", stdin=payload)

    def retained(self, topic: str) -> str | None:
        """The retained message of a topic, None if there is none within a second."""
        command = ["mosquitto_sub", "-h", self.host, "-p", str(self.port)]
        done = subprocess.run(
            [*command, "-t", topic, "--retained-only", "-C", "1", "-W", "1"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        return done.stdout.strip() or None

    def _client(self, program: str, *arguments: str, stdin: bytes = b"") -> None:
        command = [program, "-h", self.host, "-p", str(self.port), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=30, input=stdin)

    def _lines(self) -> list[str]:
        lines = [*self._first, f"listener {self.port} {self.host}"]
        lines.append(f"allow_anonymous {'true' if self._anonymous else 'false'}")
        if runs_as_root():
            lines.append("user root")
        if self._persistence:
            lines += ["persistence true", f"persistence_location {self.folder}/"]
            lines += ["autosave_interval 1", "autosave_on_changes true"]
        return [*lines, *self._config]

    def _begin(self) -> list[str]:
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        program = server_program("mosquitto", "mosquitto")
        return [program, "-c", str(config), *(["-v"] if self._verbose else [])]

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True
