"""The broker, one step at a time, in a session of its own that leaves nothing behind."""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError
from harit_desktop.transport import diagnosis_tls
from harit_desktop.transport.diagnosis import REACH_S, find_name, reach_port, since_ms
from harit_desktop.transport.diagnosis_limits import limits_of
from harit_desktop.transport.diagnosis_line import Line
from harit_desktop.transport.diagnosis_naming import (
    problem_of_login,
    problem_of_reach,
    problem_of_upgrade,
)
from harit_desktop.transport.diagnosis_session import (
    GOODBYE_S,
    NOT_RETAINED,
    SEND_RETAINED,
    DiagnosisSession,
    known,
    named,
)
from harit_desktop.transport.diagnosis_speech import Upgrade, ask_for_websocket
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import SessionOptions
from harit_desktop.transport.mqtt_errors import (
    FIRST_FAILURE_CODE,
    broker_problem,
    problem_of_exception,
)
from harit_desktop.transport.retry import ProtocolChoice

LOGIN_S = 3.0
"""For each version of the protocol that is tried."""

GRANT_S = 4.0
OWN_MESSAGE_S = 1.5
"""How long a message to ourselves may be away."""

SESSION_S = 4.0
_NOTHING_KEPT = SessionOptions(persistent=False, expiry_s=0)
_KEPT_SHORTLY = SessionOptions(persistent=True, expiry_s=30)
_EVERYTHING = "#"

Secret = Callable[[], str | None]


def _no_secret() -> str | None:
    return None


class BrokerDiagnosis:
    """Each step is one method, to be called in their order on one thread; `close` after the
    last one. `give_up` may be called from any thread.

    Connects under an id that nobody else has, publishes one message to itself, on a topic of
    its own, and asks for the topics without a share group: a member of the group would take
    readings away from the program. Every step raises KnownError (broker.*; doctor.* for what
    is no fault). `password` and `passphrase` (of the key) are asked for on that thread.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        topics: Sequence[str],
        password: Secret,
        passphrase: Secret = _no_secret,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        client_id = f"harit-doctor-{uuid.uuid4().hex[:12]}"
        self._endpoint = dataclasses.replace(endpoint, client_id=client_id)
        self._topics = tuple(topics)
        self._password = password
        self._passphrase: Secret | None = passphrase
        self._now_s = now_s
        self._given_up = threading.Event()
        self._session = DiagnosisSession(self._given_up)

    def find_name(self) -> Facts:
        with named(self._endpoint):
            return find_name(self._endpoint.host, self._endpoint.port)

    def reach_port(self) -> Facts:
        began_s = time.monotonic()
        try:
            return reach_port(self._endpoint.host, self._endpoint.port, self._given_up)
        except (OSError, UnicodeError) as error:
            took_s = time.monotonic() - began_s
            raise known(problem_of_reach(self._endpoint, error, took_s)) from error

    def secure(self) -> Facts:
        """Only where the endpoint uses TLS."""
        self._take_passphrase()
        with named(self._endpoint):
            return diagnosis_tls.shake_hands(self._endpoint, self._given_up, self._now_s)

    def upgrade(self) -> Facts:
        """Only over WebSockets: whether the port and the path take them."""
        self._take_passphrase()
        answer = self._ask_for_websocket()
        if answer.sound:
            return {"path": self._endpoint.ws_path, "mqtt": int(answer.mqtt)}
        raise known(problem_of_upgrade(self._endpoint, answer, self._given_up))

    def log_in(self) -> Facts:
        """Connects and keeps the connection; MQTT 5 first, as the program does."""
        self._take_passphrase()
        password = self._password() if self._endpoint.username else None
        self._endpoint = dataclasses.replace(self._endpoint, password=password or "")
        choice = ProtocolChoice(self._endpoint.protocol)
        while True:
            connection = self._session.connect(
                self._endpoint, choice.version, _NOTHING_KEPT, LOGIN_S
            )
            if connection.accepted is not None:
                self._session.keep(connection, choice.version)
                return {"protocol": choice.version, "username": self._endpoint.username}
            connection.close()
            unanswered = connection.version_refused or not connection.was_answered
            if not unanswered or not choice.not_spoken(refused=connection.version_refused):
                problem = problem_of_login(self._endpoint, connection.problem, self._given_up)
                raise known(problem)

    def subscribe(self) -> Facts:
        """Asks for each topic by itself, as the program does."""
        session = self._session
        asked: dict[int, str] = {}
        denied: list[str] = []
        for topic in self._topics:
            packet_id = session.ask(topic, 1, SEND_RETAINED)
            if packet_id is None:
                denied.append(topic)
            else:
                asked[packet_id] = topic
        if not session.serve(lambda: asked.keys() <= session.answers.keys(), GRANT_S):
            raise known(broker_problem(self._endpoint, "broker.timeout", phase="suback"))
        denied += [t for i, t in asked.items() if session.answers[i] >= FIRST_FAILURE_CODE]
        lowered = [t for i, t in asked.items() if session.answers[i] == 0]
        for code, topics in (("broker.subscribe_denied", denied), ("broker.qos_lowered", lowered)):
            if topics:
                raise known(
                    broker_problem(self._endpoint, code, topic=topics[0], count=len(topics))
                )
        return {"count": len(asked), "topic": self._topics[0]}

    def deliver(self) -> Facts:
        """Whether anything is delivered at all: a subscription may be granted and then kept
        silent. A message kept for our topics shows it, or one that we send to ourselves.
        Raises doctor.unproved where the broker's rules allow no such proof, and
        doctor.withheld where it confirmed our message and kept it back."""
        session, hearing = self._session, self._session.hearing
        packet_id = session.ask(hearing.own_topic, 1, NOT_RETAINED)
        session.serve(lambda: packet_id in session.answers, OWN_MESSAGE_S)
        granted = session.answers.get(packet_id or 0, FIRST_FAILURE_CODE) < FIRST_FAILURE_CODE
        if granted and not hearing.proven_topic:
            session.send_to_ourselves(OWN_MESSAGE_S)
        if hearing.proven_topic:
            return {"topic": hearing.proven_topic, "own": 0}
        if hearing.own_came:
            return {"topic": self._topics[0], "own": 1}
        code = "doctor.withheld" if session.was_taken else "doctor.unproved"
        raise KnownError(code, topic=self._topics[0])

    def hear(self, wait_s: float) -> tuple[str, bytes, int] | None:
        """The first message that is sent now: its topic, payload, and after how many
        milliseconds it came; None where there is none in `wait_s`."""
        hearing, began_s = self._session.hearing, time.monotonic()
        if not self._session.serve(lambda: hearing.first is not None, wait_s):
            return None
        first = hearing.first
        return str(first.topic), bytes(first.payload), since_ms(began_s)

    def listen(self, wait_s: float) -> Facts:
        """Hears everything for `wait_s`, and tells the topics. Only with a person's consent.
        Raises doctor.listen_denied, doctor.all_silent."""
        session = self._session
        session.leave(self._topics)
        session.hearing.listen()
        packet_id = session.ask(_EVERYTHING, 0, NOT_RETAINED)
        session.serve(lambda: packet_id in session.answers, GRANT_S)
        if session.answers.get(packet_id or 0, FIRST_FAILURE_CODE) >= FIRST_FAILURE_CODE:
            raise KnownError("doctor.listen_denied")
        session.serve(lambda: False, wait_s)
        facts = session.hearing.facts()
        if not facts["count"]:
            raise KnownError("doctor.all_silent", seconds=f"{wait_s:g}")
        return {**facts, "seconds": f"{wait_s:g}"}

    def tell_limits(self) -> Facts:
        """What the broker said of its limits. Raises doctor.limits_untold for MQTT 3.1.1."""
        if self._session.version != "5":
            raise KnownError("doctor.limits_untold")
        return limits_of(self._session.properties)

    def keep_session(self) -> Facts:
        """Whether the broker knows us again after we were away. Raises doctor.session_untold,
        doctor.session_forgotten."""
        version = self._session.version
        client_id = self._endpoint.client_id[:-1] + "S"
        endpoint = dataclasses.replace(self._endpoint, client_id=client_id)
        present = False
        # With MQTT 5 the last of them is told to keep nothing; with 3.1.1 a third one erases.
        rounds = [_KEPT_SHORTLY, _NOTHING_KEPT]
        if version != "5":
            rounds.insert(1, _KEPT_SHORTLY)
        for number, options in enumerate(rounds):
            try:
                connection = self._session.connect(endpoint, version, options, LOGIN_S)
            except KnownError as error:
                raise KnownError("doctor.session_untold") from error
            accepted = connection.accepted
            if accepted is None:
                connection.close()
                raise KnownError("doctor.session_untold")
            if number == 1:
                present = accepted.session_present
            connection.disconnect(GOODBYE_S)
        if not present:
            raise KnownError("doctor.session_forgotten")
        return {"protocol": version}

    def close(self) -> None:
        """Says farewell, so that the broker forgets the session."""
        self._session.close()

    def give_up(self) -> None:
        """Ends a step under way soon."""
        self._given_up.set()
        self._session.wake()

    def _take_passphrase(self) -> None:
        """Asks once for what opens the key; it may have to come from a keyring."""
        ask, self._passphrase = self._passphrase, None
        if ask is not None and self._endpoint.cert_file and not self._endpoint.key_passphrase:
            self._endpoint = dataclasses.replace(self._endpoint, key_passphrase=ask() or "")

    def _ask_for_websocket(self) -> Upgrade:
        endpoint = self._endpoint
        try:
            with Line(self._given_up, REACH_S) as line:
                line.open(endpoint.host, endpoint.port)
                if endpoint.tls:
                    line.secure(diagnosis_tls.context_of(endpoint), endpoint.host)
                return ask_for_websocket(line, endpoint)
        except TimeoutError as error:
            raise known(broker_problem(endpoint, "broker.websocket", cause="silent")) from error
        except ConnectionError:
            return Upgrade("closed")
        except OSError as error:
            raise known(problem_of_exception(endpoint, error)) from error
