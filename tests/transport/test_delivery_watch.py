"""Does the broker still deliver? The probe finds out, and costs nothing where it cannot."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker
from harit_desktop.domain.status import LinkState
from harit_desktop.transport.canary import PROBE_PREFIX, ProbeTimes
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import RECEIVE_MAXIMUM
from harit_desktop.transport.mqtt_errors import CODES
from harit_desktop.transport.session_memory import SessionMemory, session_key
from tests.servers import MosquittoServer, free_port, wait_until
from tests.tcp_proxy import TcpProxy
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us

Receive = Callable[..., Receiver]

pytestmark = pytest.mark.broker

QUICK = ProbeTimes(every_s=0.3, back_within_s=0.5)
OVERSIZE_BYTES = 300_000


def _wait_for_probe(receiver: Receiver) -> None:
    """Until a probe came back, so that none is left with the broker."""
    receiver.wait_for(LinkState.CONNECTED)
    wait_until(lambda: receiver.source._canary and receiver.source._canary.proven, what="a probe")
    wait_until(lambda: receiver.source.unacked == 0)
    time.sleep(0.1)


def _publish_oversize(server: MosquittoServer, count: int) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(server.host, server.port)
    client.loop_start()
    try:
        payload = bytes(OVERSIZE_BYTES)
        for number in range(count):
            info = client.publish(TOPIC, payload, qos=1)
            if number % 20 == 19 or number == count - 1:
                info.wait_for_publish(30)
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_window_of_oversize_messages_stalls_mosquitto_and_is_passed(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto), probe_times=QUICK)
    _wait_for_probe(receiver)
    _publish_oversize(mosquitto, 2 * RECEIVE_MAXIMUM + 200)
    mosquitto.publish(TOPIC, "good")
    receiver.wait_for_messages(1, 30.0)
    assert receiver.payloads == ["good"]
    # A stall is still there right after the first reconnect, and takes a second one.
    assert receiver.source.stalls >= 2
    wait_until(lambda: receiver.source.status().problem is None, what="the notice goes away")
    assert receiver.state is LinkState.CONNECTED
    assert receiver.source.status().session_present is True


def test_a_stall_that_is_there_from_the_start_is_passed_too(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    first = receive(endpoint_of(mosquitto), probe_times=QUICK)
    _wait_for_probe(first)
    assert first.source.stop(3.0)
    _publish_oversize(mosquitto, RECEIVE_MAXIMUM + 10)  # as many as the broker queues, and more
    # This one never saw a probe come back, and tries all the same.
    again = receive(endpoint_of(mosquitto), probe_times=QUICK)
    again.wait_for(LinkState.CONNECTED)
    mosquitto.publish(TOPIC, "good")
    again.wait_for_messages(1, 20.0)
    assert again.payloads == ["good"]
    assert again.source.stalls >= 1


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_probes_go_round_and_never_reach_the_inbox(
    mosquitto: MosquittoServer, receive: Receive, protocol: str
) -> None:
    receiver = receive(
        endpoint_of(mosquitto, protocol=protocol),
        topics=["#", "$SYS/broker/publish/#"],
        probe_times=ProbeTimes(every_s=0.05, back_within_s=5.0),
    )
    receiver.wait_for(LinkState.CONNECTED)
    other = receive(endpoint_of(mosquitto, client_id="other"))
    other.wait_for(LinkState.CONNECTED)
    mosquitto.publish(PROBE_PREFIX + "a/stranger", "a probe of another program")
    mosquitto.publish(TOPIC, "reading")
    time.sleep(1.0)
    own = [m for m in receiver.messages if not m.topic.startswith("$SYS/")]
    assert [m.payload for m in own] == [b"reading"]
    assert all("dropped" not in m.topic for m in receiver.messages)
    receiver.acknowledge(receiver.messages)
    assert receiver.source.unacked == 0
    # Each probe was acknowledged, or the window of 20 would be full by now.
    mosquitto.publish(TOPIC, "still")
    wait_until(lambda: "still" in receiver.payloads)
    assert receiver.source.stalls == 0


def test_a_probe_is_acknowledged_after_what_arrived_before_it(receive: Receive) -> None:
    with MosquittoServer(verbose=True) as server:
        receiver = receive(
            endpoint_of(server), probe_times=ProbeTimes(every_s=0.6, back_within_s=5.0)
        )
        receiver.wait_for(LinkState.CONNECTED)
        line = "Received PUBACK from harit-test (Mid: "
        wait_until(lambda: server.log.count(line) == 1, what="the first probe's")
        for number in range(3):
            server.publish(TOPIC, str(number))
        receiver.wait_for_messages(3)
        sent = "Received PUBLISH from harit-test"
        before = server.log.count(sent)
        wait_until(lambda: server.log.count(sent) > before, what="a probe after them")
        time.sleep(0.3)
        server.publish(TOPIC, "after the probe")
        receiver.wait_for_messages(4)
        assert server.log.count(line) == 1
        receiver.acknowledge(receiver.messages)
        wait_until(lambda: server.log.count(line) >= 6, what="all acknowledgements")
        order = [int(part.split(",")[0]) for part in server.log.split(line)[2:]]
        first, second, third, last = (m.receipt.packet_id for m in receiver.messages if m.receipt)
        assert order[:3] == [first, second, third]
        assert order.index(last) > 3


def test_a_store_that_does_not_commit_is_no_stall(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto, protocol="3.1.1"), probe_times=QUICK)
    _wait_for_probe(receiver)
    mosquitto.publish_lines(TOPIC, "\n".join(str(number) for number in range(40)))
    receiver.wait_for_messages(20)  # the window is full now, and a probe stuck behind it
    time.sleep(2.0)
    assert receiver.source.stalls == 0
    assert receiver.state is LinkState.CONNECTED
    receiver.acknowledge(receiver.messages)
    receiver.wait_for_messages(40)


def test_a_forbidden_probe_is_given_up_at_once(receive: Receive) -> None:
    with MosquittoServer() as server:
        rules = server.folder / "acl"
        rules.write_text("topic readwrite harit-samarth/#\n")
        server.use([f"acl_file {rules}"])
        server.restart()
        receiver = receive(endpoint_of(server), probe_times=QUICK)
        receiver.wait_for(LinkState.CONNECTED)
        time.sleep(2.0)
        assert receiver.source.stalls == 0
        assert receiver.source.status().problem is None
        server.publish(TOPIC, "reading")
        receiver.wait_for_messages(1)


def test_a_probe_that_the_broker_swallows_costs_a_few_reconnects_and_no_alarm(
    receive: Receive,
) -> None:
    with MosquittoServer() as server:
        rules = server.folder / "acl"
        # Mosquitto grants the subscription all the same and delivers nothing of it.
        rules.write_text(f"topic readwrite harit-samarth/#\ntopic write {PROBE_PREFIX}#\n")
        server.use([f"acl_file {rules}"])
        server.restart()
        times = ProbeTimes(every_s=0.1, back_within_s=0.2)
        receiver = receive(endpoint_of(server), probe_times=times)
        receiver.wait_for(LinkState.CONNECTED)
        wait_until(lambda: receiver.source.stalls == 3, what="three reconnects")
        receiver.wait_for(LinkState.CONNECTED)
        assert receiver.source.status().problem is None
        time.sleep(1.5)
        assert receiver.source.stalls == 3
        server.publish(TOPIC, "reading")
        receiver.wait_for_messages(1)


# --- What was lost while we were away -----------------------------------------------------


def test_a_lost_session_is_told_also_after_a_restart_of_the_program(
    mosquitto: MosquittoServer, receive: Receive, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.json"
    first = receive(endpoint_of(mosquitto), session_memory=SessionMemory(path))
    first.wait_for(LinkState.CONNECTED)
    assert first.source.status().problem is None
    assert first.source.stop(3.0)

    again = receive(endpoint_of(mosquitto), session_memory=SessionMemory(path))
    again.wait_for(LinkState.CONNECTED)
    assert again.source.status().problem is None
    assert again.source.stop(3.0)

    mosquitto.restart()  # without persistence
    last = receive(endpoint_of(mosquitto), session_memory=SessionMemory(path))
    last.wait_for(LinkState.CONNECTED)
    problem = last.source.status().problem
    assert problem is not None
    assert problem.code == "broker.session_lost"
    assert set(problem.params) == {"host", "port", *CODES[problem.code]}
    assert abs(int(problem.params["at_us"]) - now_us()) < 10_000_000
    assert last.state is LinkState.CONNECTED


def test_a_lost_session_is_forgotten_with_the_next_reconnect(receive: Receive) -> None:
    with MosquittoServer() as server, TcpProxy(server.host, server.port) as proxy:
        receiver = receive(replace(endpoint_of(server), port=proxy.port))
        receiver.wait_for(LinkState.CONNECTED)
        server.restart()
        wait_until(lambda: receiver.problem_code == "broker.session_lost", what="it is told")
        proxy.reset()
        wait_until(lambda: receiver.state is LinkState.LOST)
        receiver.source.retry_now()
        receiver.wait_for(LinkState.CONNECTED)
        assert receiver.source.status().problem is None


def test_messages_that_the_broker_dropped_in_our_absence_are_counted(
    receive: Receive, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.json"
    with MosquittoServer(["sys_interval 1", "max_queued_messages 100"]) as server:
        first = receive(endpoint_of(server), session_memory=SessionMemory(path))
        _wait_for_probe(first)
        memory = first.source._memory
        key = session_key(server.host, server.port, "harit-test")
        wait_until(lambda: memory._loaded()[key].dropped == 0, what="the count is known")
        assert first.source.stop(3.0)
        server.publish_lines(TOPIC, "\n".join(str(number) for number in range(150)))
        time.sleep(1.5)

        again = receive(endpoint_of(server), session_memory=SessionMemory(path))
        again.wait_for_messages(100)
        wait_until(lambda: again.problem_code == "broker.dropped", what="it is told")
        problem = again.source.status().problem
        assert problem is not None
        assert set(problem.params) == {"host", "port", *CODES[problem.code]}
        assert problem.params["count"] == 50
        assert all(message.topic == TOPIC for message in again.messages)


def test_what_the_broker_drops_of_others_while_we_keep_up_is_no_alarm(receive: Receive) -> None:
    with MosquittoServer(["sys_interval 1", "max_queued_messages 10"]) as server:
        forgotten = receive(endpoint_of(server, client_id="forgotten"), topics=["other"])
        _wait_for_probe(forgotten)
        assert forgotten.source.stop(3.0)
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        key = session_key(server.host, server.port, "harit-test")
        known = receiver.source._memory._loaded()
        wait_until(lambda: known[key].dropped == 0, what="the count is known")
        server.publish_lines("other", "\n".join(str(number) for number in range(30)))
        wait_until(lambda: known[key].dropped == 20, what="the count rose")
        time.sleep(0.2)
        assert receiver.source.status().problem is None


# --- The small built-in broker --------------------------------------------------------------


def test_amqtt_takes_probes_without_harm(receive: Receive, tmp_path: Path) -> None:
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path, port=free_port(), engine="amqtt"))
    ready = broker.start(20.0)
    try:
        endpoint = MqttEndpoint(ready.host, ready.port, client_id="harit-test", protocol="3.1.1")
        receiver = receive(endpoint, topics=["#"], probe_times=QUICK)
        _wait_for_probe(receiver)
        publisher = mqtt.Client(CallbackAPIVersion.VERSION2)
        publisher.connect(ready.host, ready.port)
        publisher.loop_start()
        for number in range(50):
            publisher.publish(TOPIC, b"%d" % number, qos=1).wait_for_publish(10)
        publisher.disconnect()
        publisher.loop_stop()
        receiver.wait_for_messages(50)
        receiver.acknowledge(receiver.messages)
        time.sleep(1.0)
        assert receiver.payloads == [str(number) for number in range(50)]
        assert receiver.source.stalls == 0
        assert receiver.source.status().problem is None
    finally:
        broker.stop()
