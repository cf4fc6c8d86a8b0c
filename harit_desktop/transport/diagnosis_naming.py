"""Gives a fault its closest name, from how the other side answered, or by asking it again."""

from __future__ import annotations

import errno
import threading

from harit_desktop.domain.errors import Problem
from harit_desktop.transport.diagnosis_speech import Spoken, Upgrade, speaks_tls, what_speaks
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_errors import broker_problem, problem_of_exception

_TURNED_AWAY_S = 1.0
_REFUSED_BY_THIS_COMPUTER = (errno.EACCES, errno.EPERM)
_STATUS_CAUSES = {400: "path", 403: "path", 404: "path", 401: "login", 407: "login"}


def problem_of_reach(endpoint: MqttEndpoint, error: Exception, took_s: float) -> Problem:
    """Why a port was not reached. Without a firewall it takes seconds until it is known that
    nobody has an address; an answer at once was given by something on the way."""
    number = getattr(error, "errno", None)
    here = number in _REFUSED_BY_THIS_COMPUTER
    if here or (number == errno.EHOSTUNREACH and took_s < _TURNED_AWAY_S):
        return broker_problem(endpoint, "broker.filtered", here=int(here))
    return problem_of_exception(endpoint, error)


def problem_of_upgrade(
    endpoint: MqttEndpoint, answer: Upgrade, given_up: threading.Event
) -> Problem:
    """Why there is no WebSocket."""
    path = endpoint.ws_path
    if answer.status:
        cause = _STATUS_CAUSES.get(answer.status, "answer")
        return broker_problem(
            endpoint, "broker.websocket", cause=cause, path=path, status=answer.status
        )
    if not endpoint.tls and speaks_tls(endpoint, given_up):
        return broker_problem(endpoint, "broker.no_mqtt", tls=0, cause="tls_port")
    plainly = Spoken(endpoint.tls, websockets=False)
    cause = "tcp_port" if what_speaks(endpoint, given_up) == plainly else "answer"
    return broker_problem(endpoint, "broker.websocket", cause=cause, path=path, status=0)


def problem_of_login(
    endpoint: MqttEndpoint, problem: Problem, given_up: threading.Event
) -> Problem:
    """Why the broker did not let us in, said closer."""
    if problem.code == "broker.auth" and not (endpoint.username and endpoint.password):
        cause = "no_password" if endpoint.username else "anonymous"
        return Problem(problem.code, {**problem.params, "cause": cause})
    if problem.code != "broker.no_mqtt":
        return problem
    spoken = what_speaks(endpoint, given_up)
    cause = "web_server" if spoken == "http" else ""
    if isinstance(spoken, Spoken):
        tls_is_new = spoken.tls and not endpoint.tls
        if spoken.websockets:
            cause = "tls_websocket_port" if tls_is_new else "websocket_port"
        else:
            cause = "tls_port" if tls_is_new else ""
    return Problem(problem.code, {**problem.params, "cause": cause})
