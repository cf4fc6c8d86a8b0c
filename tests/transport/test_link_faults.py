"""What a network and a broker can do to a connection, through a proxy: nothing is lost."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkState
from harit_desktop.transport import retry, watchdog
from harit_desktop.transport.canary import ProbeTimes
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.mqtt_source import MqttSource
from tests.servers import MosquittoServer, free_port, wait_until
from tests.tcp_proxy import TcpProxy
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us

Receive = Callable[..., Receiver]

pytestmark = pytest.mark.broker


@pytest.fixture
def proxy(mosquitto: MosquittoServer) -> Iterator[TcpProxy]:
    with TcpProxy(mosquitto.host, mosquitto.port) as proxy:
        yield proxy


def _through(proxy: TcpProxy, **changes: object) -> MqttEndpoint:
    fields: dict[str, object] = {"client_id": "harit-test", "keepalive_s": 2, **changes}
    return MqttEndpoint(proxy.host, proxy.port, **fields)  # type: ignore[arg-type]  # test options


def _code(receiver: Receiver) -> str:
    wait_until(lambda: receiver.problem_code, what="a problem is reported")
    return receiver.problem_code or ""


@pytest.mark.parametrize("end", ["reset", "cut"])
def test_a_connection_that_ends_is_noticed_at_once(
    receive: Receive, proxy: TcpProxy, end: str
) -> None:
    receiver = receive(_through(proxy, keepalive_s=30))
    receiver.wait_for(LinkState.CONNECTED)
    getattr(proxy, end)()
    receiver.wait_for(LinkState.LOST, 1.0)
    assert _code(receiver) == "broker.lost"
    receiver.wait_for(LinkState.CONNECTED, 5.0)
    assert receiver.source.status().session_present is True


def test_a_network_that_swallows_everything_is_noticed_within_two_keepalives(
    receive: Receive, proxy: TcpProxy
) -> None:
    receiver = receive(_through(proxy, keepalive_s=2))
    receiver.wait_for(LinkState.CONNECTED)
    proxy.blackhole = True
    receiver.wait_for(LinkState.LOST, 2 * 2 + 1.0)
    problem = receiver.source.status().problem
    assert problem is not None
    assert problem.params["cause"] == "keepalive"
    proxy.heal()
    receiver.source.retry_now()
    receiver.wait_for(LinkState.CONNECTED, 15.0)


def test_a_connection_cut_within_a_packet_delivers_it_again(
    mosquitto: MosquittoServer, receive: Receive, proxy: TcpProxy
) -> None:
    receiver = receive(_through(proxy, keepalive_s=30))
    receiver.wait_for(LinkState.CONNECTED)
    proxy.cut_after(30_000)
    mosquitto.publish(TOPIC, "x" * 60_000)
    wait_until(lambda: receiver.state is LinkState.LOST, what="the cut is noticed")
    receiver.wait_for_messages(1)
    assert receiver.payloads == ["x" * 60_000]


def test_a_slow_network_delays_and_loses_nothing(
    mosquitto: MosquittoServer, receive: Receive, proxy: TcpProxy
) -> None:
    proxy.delay_s = 0.3
    receiver = receive(_through(proxy, keepalive_s=30))
    receiver.wait_for(LinkState.CONNECTED)
    proxy.delay_s, proxy.bytes_per_s = 0.0, 20_000.0
    mosquitto.publish_lines(TOPIC, "\n".join(str(number) for number in range(100)))
    receiver.wait_for_messages(100)
    assert receiver.payloads == [str(number) for number in range(100)]
    assert receiver.source.stalls == 0


def test_nothing_is_lost_over_random_faults(mosquitto: MosquittoServer, proxy: TcpProxy) -> None:
    random = Random(24)
    stored: list[bytes] = []
    holder: list[MqttSource] = []

    def deliver(message: RawMessage) -> None:
        stored.append(message.payload)
        if message.receipt is not None:
            holder[0].acknowledge([message.receipt])

    source = MqttSource(_through(proxy), [TOPIC], deliver, now_us)
    publisher = MqttPublisher(_through(proxy, client_id="sender"), now_us, "probe")
    holder.append(source)
    source.start()
    publisher.start()
    confirmed: set[int] = set()
    try:
        wait_until(lambda: source.status().state is LinkState.CONNECTED)
        for number in range(400):
            wait_until(
                lambda number=number: publisher.publish(  # type: ignore[misc]  # bound now
                    TOPIC, b"%d" % number, lambda _problem: confirmed.add(number)
                ),
                what="room in the queue",
            )
            if number % 20 == 10:
                _strike(proxy, random)
                source.retry_now()
                publisher.retry_now()
            time.sleep(0.005)
        proxy.heal()
        for _ in range(3):
            source.retry_now()
            publisher.retry_now()
            time.sleep(0.2)
        expected = {b"%d" % number for number in range(400)}
        wait_until(lambda: expected <= set(stored), 30.0, "every message arrives")
        assert set(stored) == expected
    finally:
        assert publisher.stop(3.0)
        assert source.stop(3.0)


def _strike(proxy: TcpProxy, random: Random) -> None:
    proxy.heal()
    match random.randrange(6):
        case 0:
            proxy.reset()
        case 1:
            proxy.cut()
        case 2:
            proxy.cut_after(random.randrange(1, 500), "client", reset=random.random() < 0.5)
        case 3:
            proxy.cut_after(random.randrange(1, 500), "server")
        case 4:
            proxy.delay_s = 0.05
        case 5:
            proxy.bytes_per_s = 3000.0


# --- Stop, whatever the state ---------------------------------------------------------------


def _silent(_server: MosquittoServer, proxy: TcpProxy) -> MqttEndpoint:
    proxy.blackhole = True
    return _through(proxy)


def _silent_in_tls(_server: MosquittoServer, proxy: TcpProxy) -> MqttEndpoint:
    proxy.blackhole = True
    return _through(proxy, tls=True)


def _slow(_server: MosquittoServer, proxy: TcpProxy) -> MqttEndpoint:
    proxy.bytes_per_s = 1.0
    return _through(proxy)


def _refusing(_server: MosquittoServer, proxy: TcpProxy) -> MqttEndpoint:
    proxy.refusing = True
    return _through(proxy)


def _nobody(_server: MosquittoServer, _proxy: TcpProxy) -> MqttEndpoint:
    return MqttEndpoint("127.0.0.1", free_port(), client_id="harit-test")


def _frozen(server: MosquittoServer, _proxy: TcpProxy) -> MqttEndpoint:
    server.freeze()
    return endpoint_of(server)


@pytest.mark.parametrize(
    ("arrange", "ends"),
    [
        (_silent, True),
        # The TLS handshake is one call with a time-out of its own: the thread is left behind.
        (_silent_in_tls, False),
        (_slow, True),
        (_refusing, True),
        (_nobody, True),
        (_frozen, True),
    ],
)
def test_stop_keeps_its_deadline_while_connecting(
    mosquitto: MosquittoServer,
    proxy: TcpProxy,
    arrange: Callable[[MosquittoServer, TcpProxy], MqttEndpoint],
    ends: bool,
) -> None:
    endpoint = arrange(mosquitto, proxy)
    source = MqttSource(endpoint, [TOPIC], lambda _message: None, now_us)
    publisher = MqttPublisher(endpoint, now_us, "probe")
    for part in (source, publisher):
        part.start()
    time.sleep(0.3)
    for part in (source, publisher):
        before_s = time.monotonic()
        assert part.stop(1.5) is ends
        assert time.monotonic() - before_s < 2.0
    proxy.close()
    wait_until(lambda: source.stop(0.1) and publisher.stop(0.1), what="the threads end")


@pytest.mark.parametrize("fault", ["none", "frozen", "blackhole", "throttled", "flood"])
def test_stop_keeps_its_deadline_while_connected(
    mosquitto: MosquittoServer, receive: Receive, proxy: TcpProxy, fault: str
) -> None:
    receiver = receive(_through(proxy, keepalive_s=30))
    receiver.wait_for(LinkState.CONNECTED)
    flood = threading.Thread(
        target=mosquitto.publish_lines, args=(TOPIC, "\n".join(["x" * 500] * 20_000))
    )
    if fault == "frozen":
        mosquitto.freeze()
    elif fault == "blackhole":
        proxy.blackhole = True
    elif fault == "throttled":
        proxy.bytes_per_s = 50.0
        mosquitto.publish_lines(TOPIC, "\n".join(["x" * 500] * 50))
    elif fault == "flood":
        flood.start()
        receiver.wait_for_messages(500)
    before_s = time.monotonic()
    receiver.acknowledge(receiver.messages[:5])
    assert receiver.source.stop(2.0)
    assert time.monotonic() - before_s < 2.0
    assert receiver.state is LinkState.OFF
    mosquitto.thaw()
    if flood.ident is not None:
        flood.join(20)


def test_a_handshake_that_never_ends_is_a_timeout(
    receive: Receive, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.transport.mqtt_client.CONNECT_TIMEOUT_S", 0.5)
    proxy.blackhole = True
    receiver = receive(_through(proxy, tls=True))
    assert _code(receiver) == "broker.timeout"
    assert receiver.state is LinkState.LOST


def test_a_name_lookup_without_an_answer_does_not_hold_up_the_end(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def no_answer(*_: object, **__: object) -> list[object]:
        answer.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", no_answer)
    receiver = receive(MqttEndpoint("broker.farm", client_id="harit-test"))
    time.sleep(0.2)
    assert receiver.state is LinkState.CONNECTING
    before_s = time.monotonic()
    assert not receiver.source.stop(0.5)
    assert time.monotonic() - before_s < 1.0
    answer.set()
    wait_until(lambda: receiver.source.stop(0.1), what="the thread ends")


# --- Two programs, one id -------------------------------------------------------------------


def test_the_loser_of_a_fight_steps_in_once_a_pause_only(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.transport.mqtt_session.REFUSED_PAUSE_S", 1.0)
    assert retry.REFUSED_PAUSE_S == 60.0
    with MosquittoServer() as server:
        first = receive(endpoint_of(server))
        first.wait_for(LinkState.CONNECTED)
        second = receive(endpoint_of(server))
        wait_until(lambda: LinkState.REFUSED in (first.state, second.state), 20.0, "one gives up")
        loser = first if first.state is LinkState.REFUSED else second
        problem = loser.source.status().problem
        assert problem is not None
        assert (problem.code, problem.params["client_id"]) == (
            "broker.client_id_in_use",
            "harit-test",
        )
        before = server.log.count("New client connected")
        time.sleep(4.0)
        # At most two connections a second of pause: ours, and the other one's return.
        assert server.log.count("New client connected") - before <= 10


# --- Hostile sizes --------------------------------------------------------------------------


def _rss_kb() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class _Peak:
    """The growth of this process's memory within the block."""

    def __enter__(self) -> "_Peak":
        self._before, self.mb = _rss_kb(), 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.mb = max(self.mb, (_rss_kb() - self._before) / 1024)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


@pytest.mark.parametrize(("protocol", "qos"), [("3.1.1", 0), ("3.1.1", 1), ("5", 1)])
def test_a_message_of_100_mb_costs_little_memory_and_blocks_nothing(
    mosquitto: MosquittoServer, receive: Receive, protocol: str, qos: int
) -> None:
    receiver = receive(endpoint_of(mosquitto, protocol=protocol))
    receiver.wait_for(LinkState.CONNECTED)
    _publish_big(mosquitto, 100_000_000, qos, receiver)
    if protocol == "3.1.1":
        # Taken and cut, so that it can be refused for its size and acknowledged.
        assert len(receiver.messages) == 2
        assert 64 * 1024 < len(receiver.messages[0].payload) <= watchdog.MAX_PACKET_BYTES
        assert (receiver.messages[0].receipt is None) is (qos == 0)
    receiver.acknowledge(receiver.messages)
    wait_until(lambda: receiver.source.unacked == 0)
    assert receiver.source.stop(3.0)
    again = receive(endpoint_of(mosquitto, protocol=protocol))
    again.wait_for(LinkState.CONNECTED)
    time.sleep(0.3)
    assert again.messages == []


def _publish_big(server: MosquittoServer, size: int, qos: int, receiver: Receiver) -> None:
    """From a process of its own, so that our memory shows what receiving costs."""
    path = server.folder / "big"
    path.write_bytes(b"x" * size)
    with _Peak() as peak:
        server._client("mosquitto_pub", "-q", str(qos), "-t", TOPIC, "-f", str(path))
        server.publish(TOPIC, "after")
        wait_until(lambda: "after" in (m.payload[:9].decode() for m in receiver.messages), 30.0)
    assert peak.mb < 50


def test_paho_still_has_what_the_watchdog_reads() -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    packet = client._in_packet
    assert {"command", "remaining_length", "packet", "to_process"} <= set(packet)
    assert isinstance(packet["packet"], bytearray)


class _Broker:
    """Takes one client after the other as MQTT 3.1.1 and sends each `after_connack`."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._serve = serve
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with peer:
                try:
                    if peer.recv(1000):
                        peer.sendall(bytes([0x20, 2, 0, 0]))
                        self._serve(peer)
                except OSError:
                    pass

    def close(self) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def broker() -> Iterator[Callable[[Callable[[socket.socket], None]], _Broker]]:
    brokers: list[_Broker] = []

    def start(serve: Callable[[socket.socket], None]) -> _Broker:
        brokers.append(_Broker(serve))
        return brokers[-1]

    yield start
    for each in brokers:
        each.close()


StartBroker = Callable[[Callable[[socket.socket], None]], _Broker]
_HUGE = bytes([0xFF, 0xFF, 0xFF, 0x7F])  # 256 MB, the largest length there is


def test_another_huge_packet_than_a_message_ends_the_connection(
    receive: Receive, broker: StartBroker
) -> None:
    def serve(peer: socket.socket) -> None:
        peer.sendall(bytes([0x90]) + _HUGE + bytes(200_000))
        while peer.recv(1000):
            pass

    server = broker(serve)
    with _Peak() as peak:
        receiver = receive(MqttEndpoint("127.0.0.1", server.port, client_id="x", protocol="3.1.1"))
        receiver.wait_for(LinkState.LOST)
    problem = receiver.source.status().problem
    assert problem is not None
    assert (problem.code, problem.params["cause"]) == ("broker.lost", "oversize")
    assert peak.mb < 20
    assert receiver.source.healthy()


def test_a_packet_without_an_end_ends_the_connection(
    receive: Receive, broker: StartBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "PACKET_WITHIN_S", 0.5)
    topic = TOPIC.encode()
    done = threading.Event()

    def serve(peer: socket.socket) -> None:
        peer.sendall(bytes([0x30]) + _HUGE + struct.pack("!H", len(topic)) + topic)
        while not done.wait(0.05):
            peer.sendall(b"x")

    server = broker(serve)
    receiver = receive(MqttEndpoint("127.0.0.1", server.port, client_id="x", protocol="3.1.1"))
    receiver.wait_for(LinkState.LOST)
    done.set()
    problem = receiver.source.status().problem
    assert problem is not None
    assert (problem.code, problem.params["cause"]) == ("broker.lost", "endless")


def test_a_probe_does_not_shorten_a_pause_of_our_own_store(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    # A message that waits for its commit for longer than the probe's patience.
    times = ProbeTimes(every_s=0.2, back_within_s=0.3)
    receiver = receive(endpoint_of(mosquitto), probe_times=times)
    receiver.wait_for(LinkState.CONNECTED)
    mosquitto.publish(TOPIC, "reading")
    receiver.wait_for_messages(1)
    time.sleep(1.5)
    assert receiver.source.stalls == 0
    receiver.acknowledge(receiver.messages)
    time.sleep(1.0)
    assert receiver.source.stalls == 0
    assert receiver.state is LinkState.CONNECTED
