"""Runs the installed mosquitto as a child of the broker child."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from harit_desktop.broker import mosquitto_files as files
from harit_desktop.broker.child_protocol import (
    CRASHED,
    ENGINE_FAILED,
    ENGINE_MISSING,
    MOSQUITTO,
    ChildOptions,
    EngineFailure,
    announce_listening,
    note,
)
from harit_desktop.broker.lifeline import StopRequest
from harit_desktop.broker.login import Login, connect_packet
from harit_desktop.broker.ports import busy, free_ports, reachable_address

START_S = 2.0
"""An installed mosquitto listens within some 20 ms."""

_POLL_S = 0.01
_TERMINATE_S = 0.8
_KILL_S = 0.5
_KEPT_LINES = 20
_LINE_LIMIT = 1000
_CREATE_NO_WINDOW = 0x08000000
_DAMAGED = "Couldn't open database"

# The CONNACK that accepts a client.
_CONNACK = bytes.fromhex("20020000")
_DISCONNECT = bytes.fromhex("e000")


def run(options: ChildOptions, address: str, login: Login | None, stop: StopRequest) -> None:
    """Serve until `stop`.

    Raises EngineFailure: `engine_missing`, `engine_failed` or `port_busy` before it
    listens, `crashed` after, `folder` if its folder cannot be written.
    """
    executable = options.executable or files.find_executable()
    if not executable:
        raise EngineFailure(ENGINE_MISSING, "no mosquitto executable was found")
    folder = files.prepare_folder(options.data_dir)
    files.end_orphan(folder)
    try:
        started = _start_on_free_port(executable, folder, options, address, login, stop)
        if started is None:
            return
        process, port = started
        announce_listening(MOSQUITTO, address, port, durable=True)
        process.on_exit(lambda: stop.request("mosquitto ended"))
        stop.wait()
        if process.ended:
            raise EngineFailure(CRASHED, process.last_words())
        process.end()
    finally:
        files.forget_pid(folder)


def _start_on_free_port(
    executable: str,
    folder: str,
    options: ChildOptions,
    address: str,
    login: Login | None,
    stop: StopRequest,
) -> tuple[_Mosquitto, int] | None:
    """A mosquitto that answers, and its port; None if asked to stop meanwhile."""
    may_set_aside = True
    for port in free_ports(address, options.port, options.tries):
        files.write_config(folder, address, port, login)
        process = _Mosquitto(executable, folder)
        if process.wait_until_answers(address, port, login, stop):
            return process, port
        process.end()
        if may_set_aside and process.said(_DAMAGED) and files.set_database_aside(folder):
            note("mosquitto could not read its saved messages; the file was set aside")
            may_set_aside = False
            process = _Mosquitto(executable, folder)
            if process.wait_until_answers(address, port, login, stop):
                return process, port
            process.end()
        if stop.requested:
            return None
        if port in free_ports(address, port, 1):
            raise EngineFailure(ENGINE_FAILED, process.last_words())
    raise busy(options.port, options.tries)


class _Mosquitto:
    """One mosquitto process. Create it in the main thread (see `_die_with_parent`)."""

    def __init__(self, executable: str, folder: str) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        try:
            self._process = subprocess.Popen(
                [executable, "-c", files.CONFIG_NAME],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # The terminal's Ctrl+C must not reach it: the program stops it last.
                start_new_session=True,
                creationflags=_CREATE_NO_WINDOW if sys.platform == "win32" else 0,
                preexec_fn=_die_with_parent(),
            )
        except FileNotFoundError as error:
            raise EngineFailure(ENGINE_MISSING, f"{executable}: not found") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineFailure(ENGINE_FAILED, f"{executable}: {error}") from error
        files.write_pid(folder, self._process.pid)
        self._reader = threading.Thread(
            target=self._read_stderr, name="mosquitto-stderr", daemon=True
        )
        self._reader.start()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until_answers(
        self, address: str, port: int, login: Login | None, stop: StopRequest
    ) -> bool:
        """True once an MQTT client is accepted; False if it ended or took too long."""
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            if self.ended:
                return False
            if _accepts_client(address, port, login):
                return not self.ended
            if stop.wait(_POLL_S):
                return False
        self._lines.append(f"mosquitto did not answer within {START_S:g} s")
        return False

    def on_exit(self, action: Callable[[], None]) -> None:
        def wait() -> None:
            self._process.wait()
            action()

        threading.Thread(target=wait, name="mosquitto-exit", daemon=True).start()

    def end(self) -> None:
        """Terminate it, which saves its database; kill it if that takes too long."""
        try:
            self._process.terminate()
            self._process.wait(_TERMINATE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_KILL_S)
        self._reader.join(_KILL_S)

    def said(self, words: str) -> bool:
        return any(words in line for line in self._lines)

    def last_words(self) -> str:
        """Its exit code and its last complaints, in one line."""
        self._reader.join(_KILL_S)
        code = self._process.poll()
        ending = "still running" if code is None else f"exit code {code}"
        return " / ".join([f"mosquitto: {ending}", *list(self._lines)[-3:]])

    def _read_stderr(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        with stream:
            while chunk := stream.readline(_LINE_LIMIT):
                line = chunk.decode(errors="replace").strip()
                self._lines.append(line)
                note(line)


def _accepts_client(address: str, port: int, login: Login | None) -> bool:
    try:
        with socket.create_connection((reachable_address(address), port), timeout=0.5) as client:
            client.sendall(connect_packet(login))
            answer = client.recv(len(_CONNACK))
            client.sendall(_DISCONNECT)
    except OSError:
        return False
    return answer == _CONNACK


def _environment() -> dict[str, str]:
    """Ours, with the library path that was there before a frozen program changed it.

    mosquitto must load the system's libraries, not those that were packed for us.
    """
    environment = dict(os.environ)
    if getattr(sys, "frozen", False):
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"):
            original = environment.pop(f"{name}_ORIG", None)
            environment.pop(name, None)
            if original is not None:
                environment[name] = original
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.kernel32.SetDllDirectoryW(None)
    return environment


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, a step between fork and exec that ties mosquitto's life to ours.

    The kernel ends it when the thread that forked dies, also by kill -9. Elsewhere None:
    there a mosquitto that outlives a killed parent is ended at the next start.
    """
    if not sys.platform.startswith("linux"):
        return None
    import ctypes
    import signal

    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    set_death_signal = 1  # PR_SET_PDEATHSIG

    def tie() -> None:
        prctl(set_death_signal, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie
