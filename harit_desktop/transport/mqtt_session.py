"""Keeps one client connected to one broker, for ever, on a thread of its own.

Owns the retry policy and the link status.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from paho.mqtt import client as mqtt

from harit_desktop.domain.broker_health import BrokerHealth
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import USUAL_WINDOW, Receipt
from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.transport.acknowledgements import Acknowledgements
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import (
    RECEIVE_MAXIMUM,
    BufferedClient,
    ProtocolVersion,
    SessionOptions,
)
from harit_desktop.transport.mqtt_connection import Accepted, ConnectionHandler, MqttConnection
from harit_desktop.transport.mqtt_errors import (
    TlsFileError,
    broker_problem,
    client_id_in_use,
    needs_a_person,
    problem_of_exception,
)
from harit_desktop.transport.retry import (
    REFUSED_PAUSE_S,
    BackOff,
    KickCounter,
    ProtocolChoice,
)
from harit_desktop.transport.waker import Waker
from harit_desktop.transport.watchdog import ConnectionWatch

_log = logging.getLogger(__name__)

_GOODBYE_S = 1.0
_BEAT_LIMIT_S = 10.0


class SessionHandler(ConnectionHandler, Protocol):
    """What a source or a publisher does on the session's thread. Must not block."""

    def opened(self, client: BufferedClient, version: ProtocolVersion, accepted: Accepted) -> None:
        """The broker took us; the epoch is the new connection's."""
        ...

    def closed(self) -> None:
        """The connection is over; called only after `opened`."""
        ...

    def tick(self) -> None:
        """Called after each round of traffic of an open connection, and after `wake`."""
        ...


class MqttSession:
    """Started once, stopped once. Public methods may be called from any thread.

    `LinkStatus.state` changes only with an outcome: while a new attempt is under way it
    stays LOST or REFUSED, with `retry_at_us` None. With `handler_reports` an accepted
    connection counts as CONNECTED only when the handler says so through `report`.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        handler: SessionHandler,
        now_us: NowUs,
        *,
        thread_name: str,
        options: SessionOptions | None = None,
        handler_reports: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._handler = handler
        self._now_us = now_us
        self._options = options or SessionOptions()
        self._handler_reports = handler_reports
        self._choice = ProtocolChoice(endpoint.protocol)
        self._back_off = BackOff()
        self._kicks = KickCounter()
        self._waker = Waker()
        self._stopping = threading.Event()
        self._no_more_pause = threading.Event()
        self._goodbye_s = _GOODBYE_S
        self._beat_s = 0.0
        self._connection: MqttConnection | None = None
        self._acks = Acknowledgements(f"{endpoint.client_id}@{endpoint.host}:{endpoint.port}")
        self._anew: Problem | None = None
        self._unsound: Problem | None = None
        self._status = LinkStatus(host=endpoint.host, port=endpoint.port, tls=endpoint.tls)
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Begins to connect and returns at once."""
        self._waker.open()
        self._set_status(state=LinkState.CONNECTING)
        self._thread.start()

    def stop(self, deadline_s: float, *, clean: bool = True) -> bool:
        """Disconnects and ends the thread; the broker keeps the session.

        With `clean` False the connection is dropped, so that the broker publishes the
        will. False when the thread still hangs (in a name lookup, which has no time-out):
        it is left behind, delivers nothing more and ends by itself.
        """
        self._goodbye_s = min(_GOODBYE_S, deadline_s / 2) if clean else 0.0
        self._stopping.set()
        self._no_more_pause.set()
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def retry_now(self) -> None:
        """Ends the pause before the next attempt; does nothing while connected."""
        if self._connection is None:
            self._back_off.reset()
            self._no_more_pause.set()

    def wake(self) -> None:
        """Makes the session's thread call the handler's `tick` soon."""
        self._waker.wake()

    def status(self) -> LinkStatus:
        return self._status

    def healthy(self) -> bool:
        """False when the thread died or hangs: a bug, which only a new session cures."""
        if self._thread.ident is None or self._stopping.is_set():
            return True
        if not self._thread.is_alive():
            return False
        return self._connection is None or time.monotonic() - self._beat_s < _BEAT_LIMIT_S

    @property
    def unacked(self) -> int:
        """Messages of the present connection that wait for their acknowledgement."""
        return self._acks.waiting

    @property
    def delivered(self) -> int:
        """Messages of the present connection that were given a receipt."""
        return self._acks.delivered

    def receipt_of(self, message: mqtt.MQTTMessage) -> Receipt | None:
        """Names a message for its acknowledgement; on the session's thread only."""
        return self._acks.receipt_of(message)

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Acknowledges in the order given; receipts of an earlier connection are dropped."""
        self._acks.give(receipts)

    def acknowledge_own(self, message: mqtt.MQTTMessage) -> None:
        """Acknowledges a message without a receipt, in its turn; on the session's thread only."""
        self._acks.give_own(message)

    def tell_health(self, health: BrokerHealth) -> None:
        """What the broker told of itself; on the session's thread only."""
        self._set_status(health=health)

    def connect_anew(self, problem: Problem) -> None:
        """Ends this connection and makes another one to the same session, without a pause.

        For the handler's `tick`, on the session's thread only.
        """
        self._anew = problem

    def report(
        self, problem: Problem | None, *, refused: bool = False, retry_s: float | None = None
    ) -> None:
        """What the handler found out about the open connection; on the session's thread only."""
        self._set_status(
            state=LinkState.REFUSED if refused else LinkState.CONNECTED,
            problem=problem,
            retry_at_us=None if retry_s is None else self._in_us(retry_s),
        )

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                problem = self._attempt()
                if problem is not None and not self._stopping.is_set():
                    self._pause(*problem)
        finally:
            self._set_status(state=LinkState.OFF, problem=None, retry_at_us=None)
            self._waker.close()

    def _attempt(self) -> tuple[Problem, bool] | None:
        """One connection from begin to end: why it ended, and whether that will not pass.

        None when to try again without a pause.
        """
        self._set_status(attempt=self._status.attempt + 1, retry_at_us=None)
        self._anew = self._unsound = None
        connection: MqttConnection | None = None
        try:
            connection = MqttConnection(
                self._endpoint,
                self._choice.version,
                self._options,
                self._handler,
                self._on_accepted,
                self._waker,
                self._choice.answer_timeout_s,
            )
            connection.open()
            self._serve(connection)
        except (OSError, UnicodeError, TlsFileError) as error:
            self._choice.unreachable()
            self._kicks.clear()
            problem = problem_of_exception(self._endpoint, error)
            return problem, needs_a_person(problem)
        except Exception:  # noqa: BLE001 - a bug here must not end the reception for good
            _log.exception("The connection to %s ended by a fault", self._endpoint.host)
            return broker_problem(self._endpoint, "broker.lost", cause="internal"), False
        finally:
            if connection is not None:
                connection.close()
        return self._judge(connection)

    def _judge(self, connection: MqttConnection) -> tuple[Problem, bool] | None:
        if self._anew is not None:
            _log.warning("The broker is asked again with a new connection: %s", self._anew)
            self._kicks.clear()
            self._set_status(state=LinkState.LOST, problem=self._anew)
            return None
        problem = self._unsound or connection.problem
        if connection.accepted is not None:
            fight = self._kicks.ended(
                orderly=connection.ended_orderly,
                session_present=connection.accepted.session_present,
                lasted_s=connection.lasted_s,
            )
            if fight and problem.code != "broker.client_id_in_use":
                problem = client_id_in_use(self._endpoint, certain=False)
            return problem, fight or needs_a_person(problem)
        unanswered = connection.version_refused or not connection.was_answered
        if unanswered and self._choice.not_spoken(refused=connection.version_refused):
            return None
        return problem, needs_a_person(problem)

    def _serve(self, connection: MqttConnection) -> None:
        watch = ConnectionWatch(self._endpoint)
        try:
            # Asked first: CONNECT goes out with the first step, and a session that was
            # stopped while it looked up the host must not throw out its successor.
            while self._anew is None and not self._stopping.is_set() and connection.step():
                self._beat_s = time.monotonic()
                if connection.accepted is not None:
                    self._handler.tick()
                self._unsound = watch.look(connection.client)
                if self._unsound is not None:
                    return
            if self._stopping.is_set() and connection.accepted and self._goodbye_s > 0:
                connection.disconnect(self._goodbye_s)
        finally:
            if connection.accepted is not None:
                self._use(None)
                self._back_off.connection_lasted(connection.lasted_s)
                self._handler.closed()

    def _on_accepted(self, connection: MqttConnection, accepted: Accepted) -> None:
        self._choice.worked()
        self._beat_s = time.monotonic()
        self._use(connection, resumed=accepted.session_present)
        self._set_status(
            protocol=self._choice.version,
            attempt=0,
            session_present=accepted.session_present,
        )
        if not self._handler_reports:
            self.report(None)
        self._handler.opened(connection.client, self._choice.version, accepted)

    def _use(self, connection: MqttConnection | None, *, resumed: bool = False) -> None:
        self._connection = connection
        window = RECEIVE_MAXIMUM if self._choice.version == "5" else USUAL_WINDOW
        self._acks.begin(connection, resumed=resumed, window=window)

    def _pause(self, problem: Problem, refused: bool) -> None:
        pause_s = REFUSED_PAUSE_S if refused else self._back_off.next_pause_s()
        if problem != self._status.problem:
            _log.warning("No connection to the broker: %s", problem)
        self._set_status(
            state=LinkState.REFUSED if refused else LinkState.LOST,
            problem=problem,
            retry_at_us=self._in_us(pause_s),
        )
        self._no_more_pause.wait(pause_s)
        if not self._stopping.is_set():
            self._no_more_pause.clear()

    def _in_us(self, seconds: float) -> int:
        return self._now_us() + round(seconds * US_PER_S)

    def _set_status(self, **changes: Any) -> None:
        # One writer: `start`, then the session's thread. Readers take the whole snapshot.
        state = changes.get("state", self._status.state)
        if state is not self._status.state:
            changes["since_us"] = self._now_us()
        self._status = msgspec.structs.replace(self._status, **changes)
