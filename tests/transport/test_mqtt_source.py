"""Manual acknowledgement over real connections: nothing lost, nothing acknowledged early."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harit_desktop.domain.status import LinkState
from harit_desktop.domain.topics import ANALYSIS_TOPIC, HEARD_TOPICS, STATUS_TOPIC
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_connection import MqttConnection
from harit_desktop.transport.retry import BackOff
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of

Receive = Callable[..., Receiver]

pytestmark = pytest.mark.broker


def _publish(server: MosquittoServer, first: int, last: int) -> list[str]:
    payloads = [str(number) for number in range(first, last + 1)]
    for payload in payloads:
        server.publish(TOPIC, payload)
    return payloads


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_unacknowledged_messages_come_back_and_acknowledged_ones_do_not(
    mosquitto: MosquittoServer, receive: Receive, protocol: str
) -> None:
    endpoint = endpoint_of(mosquitto, protocol=protocol)
    first = receive(endpoint)
    first.wait_for(LinkState.CONNECTED)
    assert first.source.status().protocol == protocol
    assert first.source.status().session_present is False
    sent = _publish(mosquitto, 1, 6)
    first.wait_for_messages(6)
    assert first.payloads == sent
    assert first.source.unacked == 6
    first.acknowledge(first.messages[:4])
    assert first.source.unacked == 2
    assert first.source.stop(3.0)

    second = receive(endpoint)
    second.wait_for_messages(2)
    second.wait_for(LinkState.CONNECTED)
    assert second.source.status().session_present is True
    assert second.payloads == ["5", "6"]
    assert all(message.duplicate_flag for message in second.messages)
    second.acknowledge(second.messages)
    assert second.source.stop(3.0)

    third = receive(endpoint)
    third.wait_for(LinkState.CONNECTED)
    _publish(mosquitto, 7, 7)
    third.wait_for_messages(1)
    assert third.payloads == ["7"]


def test_a_late_acknowledgement_after_a_broker_restart_is_dropped(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    # Without persistence the restarted broker numbers its packets from 1 again, so the
    # old receipts name the new, unstored messages.
    endpoint = endpoint_of(mosquitto)
    receiver = receive(endpoint)
    receiver.wait_for(LinkState.CONNECTED)
    _publish(mosquitto, 1, 5)
    receiver.wait_for_messages(5)
    old = list(receiver.messages)

    mosquitto.restart()
    wait_until(lambda: receiver.state is not LinkState.CONNECTED, what="the loss is noticed")
    receiver.source.retry_now()
    receiver.wait_for(LinkState.CONNECTED)
    assert receiver.source.status().session_present is False
    _publish(mosquitto, 6, 10)
    receiver.wait_for_messages(10)
    new = receiver.messages[5:]
    assert [m.receipt.packet_id for m in new if m.receipt] == [
        m.receipt.packet_id for m in old if m.receipt
    ]

    receiver.acknowledge(old)
    assert receiver.source.unacked == 5
    assert receiver.source.stop(3.0)
    again = receive(endpoint)
    again.wait_for_messages(5)
    assert again.payloads == ["6", "7", "8", "9", "10"]


def test_a_receipt_of_one_source_never_acknowledges_a_message_of_another(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    first = receive(endpoint_of(mosquitto, client_id="first"))
    first.wait_for(LinkState.CONNECTED)
    second = receive(endpoint_of(mosquitto, client_id="second"))
    second.wait_for(LinkState.CONNECTED)
    _publish(mosquitto, 1, 3)
    first.wait_for_messages(3)
    second.wait_for_messages(3)
    second.acknowledge(first.messages)
    assert second.source.unacked == 3


def test_acknowledgements_reach_the_broker_in_the_order_given(receive: Receive) -> None:
    with MosquittoServer(verbose=True) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        _publish(server, 1, 8)
        receiver.wait_for_messages(8)
        receiver.acknowledge(receiver.messages[:3])
        receiver.acknowledge(receiver.messages[3:])
        line = "Received PUBACK from harit-test (Mid: "
        wait_until(lambda: server.log.count(line) == 9, what="8 and the probe's")
        order = [int(part.split(",")[0]) for part in server.log.split(line)[1:]]
        given = [m.receipt.packet_id for m in receiver.messages if m.receipt]
        assert [packet_id for packet_id in order if packet_id in given] == given


def test_an_acknowledgement_goes_out_at_once_on_an_idle_connection(receive: Receive) -> None:
    with MosquittoServer(verbose=True) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        _publish(server, 1, 1)
        receiver.wait_for_messages(1)
        connection = receiver.source._session._connection
        assert connection is not None
        time.sleep(0.1)  # now the network thread waits for traffic
        # Two threads can leave paho's flag standing; then it announces no further packet.
        connection.client._registered_write = True
        line = "Received PUBACK from harit-test"
        before = server.log.count(line)
        receiver.acknowledge(receiver.messages)
        wait_until(lambda: server.log.count(line) > before, 0.3, "it is sent")


def test_a_large_backlog_arrives_complete_through_the_acknowledgement_window(
    receive: Receive,
) -> None:
    with MosquittoServer(["max_queued_messages 10000"]) as server:
        endpoint = endpoint_of(server)
        receiver = receive(endpoint)
        receiver.wait_for(LinkState.CONNECTED)
        receiver.source.stop(3.0)
        numbers = "\n".join(str(number) for number in range(3000))
        server.publish_lines(TOPIC, numbers)

        receiver = receive(endpoint)
        done = 0
        until_s = time.monotonic() + 20
        while done < 3000 and time.monotonic() < until_s:
            batch = receiver.messages[done:]
            receiver.acknowledge(batch)
            done += len(batch)
            time.sleep(0.002)
        assert receiver.payloads == numbers.split("\n")
        assert receiver.source.unacked == 0


def test_messages_published_while_the_broker_restarts_are_not_lost(receive: Receive) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        _publish(server, 1, 3)
        receiver.wait_for_messages(3)
        receiver.acknowledge(receiver.messages[:1])
        wait_until(lambda: receiver.source.unacked == 2)
        time.sleep(0.1)
        server.restart()
        _publish(server, 4, 4)
        receiver.source.retry_now()
        receiver.wait_for_messages(6)
        assert receiver.payloads == ["1", "2", "3", "2", "3", "4"]
        receiver.wait_for(LinkState.CONNECTED)
        assert receiver.source.status().session_present is True


def test_it_reconnects_by_itself_when_the_broker_comes_back(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    mosquitto.kill()
    receiver.wait_for(LinkState.LOST)
    status = receiver.source.status()
    assert receiver.problem_code in {"broker.lost", "broker.refused"}
    assert status.retry_at_us is None or status.retry_at_us > status.since_us
    mosquitto.start()
    receiver.wait_for(LinkState.CONNECTED)
    # Killed without persistence it forgot our session, and we say so.
    assert receiver.problem_code == "broker.session_lost"
    _publish(mosquitto, 1, 1)
    receiver.wait_for_messages(1)


def test_a_frozen_broker_is_noticed_within_two_keepalives(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto, keepalive_s=5))
    receiver.wait_for(LinkState.CONNECTED)
    mosquitto.freeze()
    receiver.wait_for(LinkState.LOST, timeout_s=12.0)
    assert receiver.problem_code == "broker.lost"
    mosquitto.thaw()
    receiver.source.retry_now()
    receiver.wait_for(LinkState.CONNECTED)
    assert receiver.source.status().protocol == "5"


def test_qos_0_messages_carry_no_receipt_and_retained_ones_are_marked(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    mosquitto.publish(TOPIC, "old", "-r")
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for_messages(1)
    mosquitto.publish(TOPIC, "fast", "-q", "0")
    receiver.wait_for_messages(2)
    old, fast = receiver.messages
    assert old.retained
    assert old.receipt is not None
    assert (fast.qos, fast.receipt, fast.retained) == (0, None, False)


def test_large_and_binary_payloads_arrive_unchanged(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    payload = os.urandom(200_000)
    mosquitto.publish_bytes(TOPIC, payload)
    mosquitto.publish(TOPIC, "after")
    receiver.wait_for_messages(2)
    assert receiver.messages[0].payload == payload
    assert receiver.messages[1].payload == b"after"


def test_two_members_of_a_share_group_divide_the_messages(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    members = [
        receive(endpoint_of(mosquitto, client_id=f"member-{number}"), share_group="farm")
        for number in range(2)
    ]
    for member in members:
        member.wait_for(LinkState.CONNECTED)
    sent = _publish(mosquitto, 1, 6)
    wait_until(lambda: sum(len(member.messages) for member in members) >= 6)
    received = [payload for member in members for payload in member.payloads]
    assert sorted(received) == sent


def test_a_deliver_that_fails_ends_neither_the_connection_nor_the_reception(
    mosquitto: MosquittoServer, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    append = receiver.messages.append
    failures = iter([ValueError("a fault of the inbox")])

    def deliver(message: object) -> None:
        for failure in failures:
            raise failure
        append(message)  # type: ignore[arg-type]  # a RawMessage

    receiver.source._deliver = deliver
    _publish(mosquitto, 1, 2)
    receiver.wait_for_messages(1)
    assert receiver.payloads == ["2"]
    assert receiver.source.healthy()
    assert "A handler of MQTT events failed" in caplog.text


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_websockets_carry_many_and_large_messages(receive: Receive, protocol: str) -> None:
    ws_port = free_port()
    with MosquittoServer([f"listener {ws_port} 127.0.0.1", "protocol websockets"]) as server:
        endpoint = replace(
            endpoint_of(server, transport="websockets", protocol=protocol), port=ws_port
        )
        receiver = receive(endpoint)
        receiver.wait_for(LinkState.CONNECTED)
        numbers = [str(number) for number in range(300)]
        server.publish_lines(TOPIC, "\n".join(numbers))
        done = 0
        until_s = time.monotonic() + 10
        while done < 300 and time.monotonic() < until_s:
            batch = receiver.messages[done:]
            receiver.acknowledge(batch)
            done += len(batch)
            time.sleep(0.005)
        assert receiver.payloads == numbers
        payload = os.urandom(9_000)
        server.publish_bytes(TOPIC, payload)
        receiver.wait_for_messages(301)
        assert receiver.messages[-1].payload == payload
        assert receiver.source.stop(3.0)


def test_a_fault_of_ours_in_a_connection_is_survived(
    mosquitto: MosquittoServer,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = iter([RuntimeError("a fault of ours")])

    def step(connection: MqttConnection) -> bool:
        for fault in faults:
            raise fault
        return real_step(connection)

    real_step = MqttConnection.step
    monkeypatch.setattr(MqttConnection, "step", step)
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.LOST)
    assert receiver.problem_code == "broker.lost"
    receiver.wait_for(LinkState.CONNECTED)
    assert receiver.source.healthy()
    assert "a fault of ours" in caplog.text


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_client_without_a_name_connects(
    mosquitto: MosquittoServer, receive: Receive, protocol: str
) -> None:
    receiver = receive(endpoint_of(mosquitto, client_id="", protocol=protocol))
    receiver.wait_for(LinkState.CONNECTED)


MARK = "0123456789abcdef"
ECHO = '{"publisher_id":"a","health_index":65,"origin":"0123456789abcdef"}'
OTHER = '{"publisher_id":"a","health_index":65,"origin":"fedcba9876543210"}'


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("share_group", ["", "farm"])
def test_what_others_say_arrives_and_our_own_echo_does_not(
    receive: Receive, protocol: str, share_group: str
) -> None:
    with MosquittoServer(verbose=True) as server:
        receiver = receive(
            endpoint_of(server, protocol=protocol),
            share_group=share_group,
            extra_topics=HEARD_TOPICS,
            own_mark=MARK,
        )
        receiver.wait_for(LinkState.CONNECTED)
        wait_until(lambda: "harit-test 1 harit-samarth/status" in server.log)
        sent = [OTHER, '{"status":"online","publisher_id":"b"}', "1"]
        server.publish(ANALYSIS_TOPIC, ECHO)
        server.publish(ANALYSIS_TOPIC, sent[0])
        server.publish(STATUS_TOPIC, ECHO)
        server.publish(STATUS_TOPIC, sent[1])
        server.publish(TOPIC, sent[2])
        receiver.wait_for_messages(3)
        assert receiver.payloads == sent
        assert [m.topic for m in receiver.messages] == [ANALYSIS_TOPIC, STATUS_TOPIC, TOPIC]
        assert all(message.receipt is not None for message in receiver.messages)
        assert receiver.source.unacked == 3
        receiver.acknowledge(receiver.messages)
        acknowledged = "Received PUBACK from harit-test"
        wait_until(lambda: server.log.count(acknowledged) >= 5, what="all are acknowledged")
        assert receiver.source.stop(3.0)
        # All five were acknowledged: nothing comes back.
        again = receive(endpoint_of(server, protocol=protocol), share_group=share_group)
        again.wait_for(LinkState.CONNECTED)
        server.publish(TOPIC, "2")
        again.wait_for_messages(1)
        assert again.payloads == ["2"]


def test_an_echo_is_acknowledged_at_once_when_nothing_else_waits(receive: Receive) -> None:
    with MosquittoServer(verbose=True) as server:
        receiver = receive(endpoint_of(server), extra_topics=HEARD_TOPICS, own_mark=MARK)
        receiver.wait_for(LinkState.CONNECTED)
        wait_until(lambda: "harit-test 1 harit-samarth/status" in server.log)
        line = "Received PUBACK from harit-test"
        wait_until(lambda: server.log.count(line) == 1, what="the probe's is there")
        for _ in range(5):
            server.publish(ANALYSIS_TOPIC, ECHO)
        wait_until(lambda: server.log.count(line) == 6, what="five echoes and the probe")
        assert receiver.messages == []
        assert receiver.source.unacked == 0


def test_a_reading_that_quotes_our_mark_is_a_reading(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto), extra_topics=HEARD_TOPICS, own_mark=MARK)
    receiver.wait_for(LinkState.CONNECTED)
    mosquitto.publish(TOPIC, ECHO)
    receiver.wait_for_messages(1)
    assert receiver.payloads == [ECHO]


def test_a_topic_that_is_subscribed_to_already_arrives_once(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(
        endpoint_of(mosquitto), ["harit-samarth/#"], extra_topics=HEARD_TOPICS, own_mark=MARK
    )
    receiver.wait_for(LinkState.CONNECTED)
    time.sleep(0.2)
    mosquitto.publish(ANALYSIS_TOPIC, ECHO)
    mosquitto.publish(ANALYSIS_TOPIC, OTHER)
    mosquitto.publish(TOPIC, "1")
    receiver.wait_for_messages(2)
    time.sleep(0.1)
    assert receiver.payloads == [OTHER, "1"]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_denial_of_an_extra_topic_is_no_problem_of_the_link(
    receive: Receive, protocol: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    login = {"username": "admin", "password": "admin"}
    with MosquittoServer(_allowing_only(TOPIC, tmp_path)) as server:
        receiver = receive(
            endpoint_of(server, protocol=protocol, **login),
            extra_topics=HEARD_TOPICS,
            own_mark=MARK,
        )
        receiver.wait_for(LinkState.CONNECTED)
        wait_until(lambda: f"The broker denies {STATUS_TOPIC}" in caplog.text)
        assert receiver.problem_code is None
        assert receiver.source.status().retry_at_us is None
        server.publish(TOPIC, "1", "-u", "admin", "-P", "admin")
        receiver.wait_for_messages(1)


def _allowing_only(topic: str, folder: Path) -> list[str]:
    """Configuration lines: "admin" may publish anything and subscribe to `topic`.

    Mosquitto's plain ACL file never refuses a subscription; its security plugin does.
    """
    plugin = next(Path("/usr/lib").rglob("mosquitto_dynamic_security.so"), None)
    if plugin is None:
        pytest.skip("this mosquitto has no security plugin")
    rules = folder / "dynamic-security.json"
    subprocess.run(
        ["mosquitto_ctrl", "dynsec", "init", rules, "admin", "admin"],
        check=True,
        capture_output=True,
    )
    permissions = json.loads(rules.read_text())
    permissions["roles"][0]["acls"] = [
        {"acltype": kind, "topic": where, "allow": True}
        for kind, where in (("subscribePattern", topic), ("publishClientSend", "#"))
    ]
    rules.write_text(json.dumps(permissions))
    return [f"plugin {plugin}", f"plugin_opt_config_file {rules}"]


def test_a_broker_that_hangs_up_on_an_extra_topic_is_not_asked_for_ever(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BackOff, "next_pause_s", lambda _self: 0.01)
    server = _Unfriendly()
    try:
        endpoint = MqttEndpoint("127.0.0.1", server.port, client_id="harit-test", protocol="3.1.1")
        receiver = receive(endpoint, extra_topics=HEARD_TOPICS, own_mark=MARK)
        wait_until(lambda: server.connections == 3, what="the third connection")
        receiver.wait_for(LinkState.CONNECTED)
        time.sleep(0.3)
        assert server.connections == 3
        assert receiver.state is LinkState.CONNECTED
    finally:
        server.close()


class _Unfriendly:
    """A broker that ends the connection of who asks for an analysis, as some clouds do."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._peers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="unfriendly", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for peer in self._peers:
            peer.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self.connections += 1
                self._peers.append(peer)
                self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        stream = peer.makefile("rb")
        while head := stream.read(2):
            body = stream.read(head[1])
            if ANALYSIS_TOPIC.encode() in body:
                peer.shutdown(socket.SHUT_RDWR)
                return
            if head[0] == 0x10:
                peer.sendall(bytes([0x20, 2, 0, 0]))
            elif head[0] == 0x82:
                peer.sendall(bytes([0x90, 3, *body[:2], 1]))
