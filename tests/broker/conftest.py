"""Real broker children on free loopback ports, and real MQTT clients towards them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import pytest

from harit_desktop.broker.login import Login
from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker
from tests.broker.support import CanBind, Client, Connect, Family, MakeBroker, WaitGone


@pytest.fixture
def port() -> int:
    """A free port with free neighbours below the range of outgoing connections."""
    for candidate in range(21_000 + (threading.get_native_id() % 500) * 10, 30_000, 7):
        with contextlib.ExitStack() as held:
            try:
                for offset in range(3):
                    probe = held.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", candidate + offset))
            except OSError:
                continue
            return candidate
    pytest.fail("no free ports")


@pytest.fixture
def make_broker(tmp_path: Path, port: int) -> Iterator[MakeBroker]:
    brokers: list[BuiltinBroker] = []

    def make(engine: str, **changes: object) -> BuiltinBroker:
        fields = {"data_dir": tmp_path / "data", "port": port, "engine": engine, **changes}
        broker = BuiltinBroker(BrokerConfig(**fields))
        brokers.append(broker)
        return broker

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[Client] = []

    def open_client(
        port: int,
        client_id: str = "",
        *,
        clean: bool = True,
        level: int = mqtt.MQTTv311,
        keepalive: int = 30,
        host: str = "127.0.0.1",
        login: Login | None = None,
    ) -> Client:
        client = Client(port, client_id, clean, level, keepalive, host, login)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def family() -> Family:
    """The broker child and what it started."""

    def tree(pid: int) -> list[psutil.Process]:
        child = psutil.Process(pid)
        return [child, *child.children(recursive=True)]

    return tree


@pytest.fixture
def wait_gone() -> WaitGone:
    """Whether all of them have ended; one that only waits to be collected has."""

    def wait(processes: list[psutil.Process], timeout_s: float) -> bool:
        # Not psutil.wait_procs: it would collect the exit code before the broker does.
        deadline_s = time.monotonic() + timeout_s
        while not all(_has_ended(process) for process in processes):
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.01)
        return True

    return wait


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def can_bind() -> CanBind:
    """Whether a port is free, or is so soon: a killed process closes its sockets last."""

    def check(port: int) -> bool:
        deadline_s = time.monotonic() + 1.0
        while not _binds(port):
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.01)
        return True

    return check


def _binds(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
