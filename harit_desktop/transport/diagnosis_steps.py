"""The checks of a broker in their order, each with the time it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harit_desktop.domain.diagnosis import Checks, Facts, Step
from harit_desktop.domain.errors import KnownError
from harit_desktop.transport.diagnosis import REACH_S
from harit_desktop.transport.diagnosis_broker import (
    GRANT_S,
    LOGIN_S,
    OWN_MESSAGE_S,
    SESSION_S,
    BrokerDiagnosis,
    Secret,
)
from harit_desktop.transport.diagnosis_speech import HAIL_S
from harit_desktop.transport.endpoint import MqttEndpoint

USUAL_WAIT_S = 5.0
"""So long a message is waited for within the usual time; more is granted on top of it."""

LISTEN_S = 5.0
"""How long everything is listened to, where a person allowed it."""

_NAME_S = 4.0
_SLACK_S = 1.5


@dataclass(frozen=True)
class BrokerPlan:
    """What is to be checked. `builtin`: the broker is our own; `unused` is why no broker is
    asked at all; `listen` is a person's consent to hear everything on it for a while.

    `sender` tells of a topic and a payload which device it is a reading of, else (as the
    second) why it is none.
    """

    endpoint: MqttEndpoint
    topics: Sequence[str]
    sender: Callable[[str, bytes], tuple[str, str]]
    wait_s: float = USUAL_WAIT_S
    listen: bool = False
    builtin: bool = False
    unused: str | None = None


def broker_checks(plan: BrokerPlan, password: Secret, passphrase: Secret) -> Checks:
    """The steps; nothing is done yet. The secrets are asked for when they run."""
    endpoint, unused = plan.endpoint, plan.unused
    look = BrokerDiagnosis(endpoint, plan.topics, password, passphrase)
    no_tls = unused or (None if endpoint.tls else "doctor.no_tls")
    websockets = endpoint.transport == "websockets"
    no_websocket = unused or (None if websockets else "doctor.no_websocket")
    unheard = unused or (None if plan.listen else "doctor.not_listening")
    naming_s = 4 * HAIL_S
    steps = (
        Step("name", look.find_name, _NAME_S, unused),
        Step("port", lambda: _reach(look, plan), 2 * REACH_S, unused),
        Step("tls", look.secure, REACH_S + naming_s, no_tls),
        Step("websocket", look.upgrade, REACH_S + naming_s, no_websocket),
        Step("login", look.log_in, 2 * LOGIN_S + naming_s + _SLACK_S, unused),
        Step("subscribe", look.subscribe, GRANT_S + _SLACK_S, unused),
        Step("delivery", look.deliver, GRANT_S + OWN_MESSAGE_S + _SLACK_S, unused),
        Step("message", lambda: _hear(look, plan), plan.wait_s + _SLACK_S, unused),
        Step("topics", lambda: look.listen(LISTEN_S), GRANT_S + LISTEN_S + _SLACK_S, unheard),
        Step("limits", look.tell_limits, _SLACK_S, unused),
        Step("session", look.keep_session, 2 * SESSION_S + _SLACK_S, unused),
        Step("client_id", _untold, _SLACK_S, unused or "doctor.client_id_untold"),
    )
    longer_s = max(0.0, plan.wait_s - USUAL_WAIT_S) + (LISTEN_S if plan.listen else 0.0)
    return Checks("broker", steps, look.close, look.give_up, longer_s)


def _reach(look: BrokerDiagnosis, plan: BrokerPlan) -> Facts:
    try:
        return look.reach_port()
    except KnownError as error:
        if plan.builtin and error.code == "broker.refused":
            raise KnownError("doctor.builtin_stopped") from error
        raise


def _hear(look: BrokerDiagnosis, plan: BrokerPlan) -> Facts:
    heard = look.hear(plan.wait_s)
    if heard is None:
        raise KnownError("doctor.no_message", seconds=f"{plan.wait_s:g}")
    topic, payload, milliseconds = heard
    publisher_id, problem = plan.sender(topic, payload)
    return {
        "topic": topic,
        "publisher_id": publisher_id,
        "problem": problem,
        "milliseconds": milliseconds,
    }


def _untold() -> Facts:
    """Who else uses the id of the program only a running program can tell."""
    return {}
