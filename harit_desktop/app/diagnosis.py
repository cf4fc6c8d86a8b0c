"""Which checks are made of given settings, joined from the parts that make them.

Heavy libraries are imported where a chain is built: only the command that finds faults
does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from harit_desktop.app.addresses import broker_endpoint, server_address
from harit_desktop.app.clock import now_us
from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.diagnosis import Checks, Facts, Step
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.domain.message import Heard, Origin, RawMessage, Rejection
from harit_desktop.domain.reading import Readings
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.link_parts import BrokerAddress
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore

NAME_S = 4.0
"""Asking for a name has no time limit of its own."""

TEST_WAIT_S = 3.0
"""A test within a few seconds has no more time for a message to come."""

_SLACK_S = 1.5
_SERVER_LOGIN_S = 10.0
_SERVER_QUERY_S = 8.0
_HARMLESS = ("settings.unknown_key",)

Password = Callable[[], str | None]


def plan_diagnosis(
    paths: DataPaths,
    settings: Settings,
    problems: Sequence[Problem],
    redactor: Redactor,
    wait_s: float,
    *,
    listen: bool = False,
) -> list[Checks]:
    """Every chain of checks, in the order in which they are shown; none is run yet.

    `problems` are those of the settings file; a message is waited for `wait_s`. With
    `listen` everything on the broker is heard for a while.
    """
    secrets = SecretStore(
        paths.instance_name(), redactor.add, profile=lambda: settings.broker.profile
    )
    broker = _broker(
        settings,
        lambda: secrets.get(_password_key(settings)),
        wait_s,
        lambda: secrets.get("broker.key_passphrase"),
        listen=listen,
    )
    chains = [_settings(paths, problems), broker, _store(paths)]
    if settings.storage.uses_server:
        chains.append(_server(settings, lambda: secrets.get("storage.mysql_password")))
    return [*chains, _api(settings, secrets), _local_api(settings, secrets)]


def _password_key(settings: Settings) -> str:
    """Whose password this program logs in with."""
    section = "builtin_broker" if settings.broker.mode == "builtin" else "broker"
    return f"{section}.password"


def plan_test(
    what: Literal["broker", "store"],
    paths: DataPaths,
    settings: Settings,
    secret: Callable[[str], str | None],
    *,
    listen: bool = False,
) -> Checks:
    """The checks behind a Test button of the settings; a secret is asked for, by its key,
    when they run."""
    if what == "broker":
        return _broker(
            settings,
            lambda: secret("broker.password"),
            TEST_WAIT_S,
            lambda: secret("broker.key_passphrase"),
            listen=listen,
        )
    if settings.storage.uses_server:
        return _server(settings, lambda: secret("storage.mysql_password"))
    return _store(paths)


def _settings(paths: DataPaths, problems: Sequence[Problem]) -> Checks:
    def look() -> Facts:
        for problem in problems:
            if problem.code not in _HARMLESS:
                raise KnownError(problem.code, **problem.params)
        there = int(paths.settings.exists())
        return {"path": str(paths.settings), "there": there, "unknown": len(problems)}

    return Checks("settings", (Step("file", look, NAME_S),))


def _broker(
    settings: Settings,
    password: Password,
    wait_s: float,
    key_passphrase: Password,
    *,
    listen: bool = False,
) -> Checks:
    from harit_desktop.transport.diagnosis_steps import BrokerPlan, broker_checks

    broker = settings.broker
    builtin = broker.mode == "builtin"
    address = BrokerAddress(broker.host, broker.port, broker.protocol)
    if builtin:
        chosen = settings.builtin_broker
        address = BrokerAddress(chosen.host, chosen.port, "auto")
    plan = BrokerPlan(
        broker_endpoint(settings, address, None),
        broker.topics,
        lambda topic, payload: _sender_of(settings, topic, payload),
        wait_s=wait_s,
        listen=listen,
        builtin=builtin,
        unused="doctor.api_only" if settings.api.mode == "api_only" else None,
    )
    return broker_checks(plan, password, key_passphrase)


def _sender_of(settings: Settings, topic: str, payload: bytes) -> tuple[str, str]:
    """Which device a message is a reading of, else (as the second) why it is none."""
    from harit_desktop.wire.registry import MessageDecoder

    message = RawMessage(topic, payload, now_us(), origin=Origin.MQTT)
    decoded = MessageDecoder(settings.broker.timezone).decode(message)
    if isinstance(decoded, Rejection):
        return "", str(decoded.problem)
    if isinstance(decoded, Heard):
        return "", f"the {decoded.kind.value} of another program"
    reading = decoded.items[0] if isinstance(decoded, Readings) else decoded
    return reading.publisher_id, ""


def _store(paths: DataPaths) -> Checks:
    from harit_desktop.storage.diagnosis import CHECK_S, StoreDiagnosis

    diagnosis = StoreDiagnosis(paths.database, now_us)
    steps = (
        Step("folder", diagnosis.look_at_folder, NAME_S),
        Step("database", diagnosis.look_at_database, CHECK_S + 2 * NAME_S),
        Step("write", diagnosis.look_at_writing, 2 * NAME_S),
    )
    return Checks("store", steps)


def _server(settings: Settings, password: Password) -> Checks:
    from harit_desktop.storage.mysql.diagnosis import ServerDiagnosis
    from harit_desktop.transport.diagnosis import REACH_S

    address = server_address(settings, None)
    assert address is not None, "only with a store server"
    diagnosis = ServerDiagnosis(address, password)
    no_tls = None if address.tls else "doctor.no_tls"
    steps = (
        Step("name", diagnosis.find_name, NAME_S),
        Step("port", diagnosis.reach_port, 2 * REACH_S),
        Step("tls", diagnosis.secure, _SERVER_LOGIN_S, no_tls),
        Step("login", diagnosis.log_in, _SERVER_LOGIN_S),
        Step("database", diagnosis.look_at_database, _SERVER_QUERY_S),
        Step("rights", diagnosis.look_at_rights, _SERVER_QUERY_S),
    )
    return Checks("server", steps, diagnosis.close, diagnosis.give_up)


def _api(settings: Settings, secrets: SecretStore) -> Checks:
    from harit_desktop.transport.diagnosis import REACH_S
    from harit_desktop.transport.diagnosis_api import LONGEST_REQUEST_S, ApiDiagnosis

    def read_history(body: bytes) -> ApiPage:
        from harit_desktop.wire.api_json import read_history

        return read_history(body, settings.broker.timezone)

    chosen = settings.api
    diagnosis = ApiDiagnosis(
        chosen.url, lambda: secrets.get("api.token"), chosen.timeout_s, read_history, now_us
    )
    unset = None if chosen.url.strip() else "doctor.no_api"
    encrypted = chosen.url.strip().lower().startswith("https:")
    no_tls = unset or (None if encrypted else "doctor.no_tls")
    request_s = LONGEST_REQUEST_S + _SLACK_S
    steps = (
        Step("url", diagnosis.read_address, NAME_S, unset),
        Step("name", diagnosis.find_name, NAME_S, unset),
        Step("port", diagnosis.reach_port, REACH_S + _SLACK_S, unset),
        Step("tls", diagnosis.secure, REACH_S + _SLACK_S, no_tls),
        Step("health", diagnosis.ask_health, request_s, unset),
        Step("token", diagnosis.show_token, request_s, unset),
        Step("history", diagnosis.read_history, request_s, unset),
        Step("latest", diagnosis.read_latest, request_s, unset),
    )
    return Checks("api", steps, diagnosis.close, diagnosis.give_up)


def _local_api(settings: Settings, secrets: SecretStore) -> Checks:
    from harit_desktop.transport.diagnosis import REACH_S
    from harit_desktop.transport.diagnosis_api import look_at_local_api
    from harit_desktop.transport.local_api_guard import LocalApiConfig

    chosen = settings.local_api

    def look() -> Facts:
        token = None if is_loopback(chosen.host) else secrets.get("local_api.token")
        return look_at_local_api(
            LocalApiConfig(
                chosen.host, chosen.port, token=token, allow_network=chosen.allow_network
            )
        )

    unset = None if chosen.enabled else "doctor.no_local_api"
    return Checks("local_api", (Step("port", look, 3 * REACH_S, unset),))
