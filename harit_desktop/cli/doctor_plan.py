"""Which checks `doctor` makes for given settings, and what it says of a good one."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.app.addresses import broker_endpoint, server_address
from harit_desktop.app.clock import now_us
from harit_desktop.cli.doctor_checks import Chain, Facts, Step
from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import Origin, RawMessage, Rejection
from harit_desktop.runtime.parts import BrokerAddress
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.storage.diagnosis import CHECK_S, StoreDiagnosis
from harit_desktop.storage.mysql.diagnosis import ServerDiagnosis
from harit_desktop.transport.diagnosis import REACH_S
from harit_desktop.transport.diagnosis_api import (
    LONGEST_REQUEST_S,
    ApiDiagnosis,
    look_at_local_api,
)
from harit_desktop.transport.diagnosis_broker import GRANT_S, LOGIN_S, BrokerDiagnosis
from harit_desktop.transport.local_api_guard import LocalApiConfig, is_loopback

NAME_S = 4.0
"""Asking for a name has no time limit of its own."""

_SLACK_S = 1.5
_HARMLESS = ("settings.unknown_key",)


def plan(
    paths: DataPaths,
    settings: Settings,
    problems: Sequence[Problem],
    secrets: SecretStore,
    wait_s: float,
) -> list[Chain]:
    """Every chain, in the order in which they are shown."""
    chains = [_settings(paths, problems), _broker(settings, secrets, wait_s), _store(paths)]
    if settings.storage.uses_server:
        chains.append(_server(settings, secrets))
    return [*chains, _api(settings, secrets), _local_api(settings, secrets)]


def _settings(paths: DataPaths, problems: Sequence[Problem]) -> Chain:
    def look() -> Facts:
        for problem in problems:
            if problem.code not in _HARMLESS:
                raise KnownError(problem.code, **problem.params)
        there = int(paths.settings.exists())
        return {"path": str(paths.settings), "there": there, "unknown": len(problems)}

    def says(facts: Facts) -> str:
        if not facts["there"]:
            return f"there is no {facts['path']} yet; every setting has its default"
        if facts["unknown"]:
            return f"read from {facts['path']}; {facts['unknown']} names in it are unknown"
        return f"read from {facts['path']}"

    return Chain("settings", [Step("file", look, says, NAME_S)])


def _broker(settings: Settings, secrets: SecretStore, wait_s: float) -> Chain:
    broker = settings.broker
    builtin = broker.mode == "builtin"
    address = BrokerAddress(broker.host, broker.port, broker.protocol)
    if builtin:
        chosen = settings.builtin_broker
        address = BrokerAddress(chosen.host, chosen.port, "auto")
    endpoint = broker_endpoint(settings, address, None)
    diagnosis = BrokerDiagnosis(endpoint, broker.topics, lambda: secrets.get("broker.password"))

    def reach() -> Facts:
        try:
            return diagnosis.reach_port()
        except KnownError as error:
            if builtin and error.code == "broker.refused":
                raise KnownError("doctor.builtin_stopped") from error
            raise

    def hear() -> Facts:
        heard = diagnosis.hear(wait_s)
        if heard is None:
            raise KnownError("doctor.no_message", seconds=f"{wait_s:g}")
        topic, payload, milliseconds = heard
        what = _described(settings, topic, payload)
        return {"topic": topic, "what": what, "milliseconds": milliseconds}

    unused = "doctor.api_only" if settings.api.mode == "api_only" else None
    no_tls = unused or (None if endpoint.tls else "doctor.no_tls")
    steps = [
        Step("name", diagnosis.find_name, _says_name, NAME_S, unused),
        Step("port", reach, _says_port, 2 * REACH_S, unused),
        Step("tls", diagnosis.secure, _says_tls, 2 * REACH_S, no_tls),
        Step("login", diagnosis.log_in, _says_login, 2 * LOGIN_S + _SLACK_S, unused),
        Step("subscribe", diagnosis.subscribe, _says_topics, GRANT_S + _SLACK_S, unused),
        Step("message", hear, _says_message, wait_s + _SLACK_S, unused),
    ]
    return Chain("broker", steps, diagnosis.close, diagnosis.give_up)


def _described(settings: Settings, topic: str, payload: bytes) -> str:
    """What a message is, in some words."""
    from harit_desktop.wire.registry import MessageDecoder

    message = RawMessage(topic, payload, now_us(), origin=Origin.MQTT)
    decoded = MessageDecoder(settings.broker.timezone).decode(message)
    if isinstance(decoded, Rejection):
        return f"a message that is no reading ({decoded.problem})"
    return f"a reading of {decoded.publisher_id}"


def _store(paths: DataPaths) -> Chain:
    diagnosis = StoreDiagnosis(paths.database, now_us)
    steps = [
        Step("folder", diagnosis.look_at_folder, _says_folder, NAME_S),
        Step("database", diagnosis.look_at_database, _says_database, CHECK_S + 2 * NAME_S),
        Step("write", diagnosis.look_at_writing, lambda _: "readings can be written", 2 * NAME_S),
    ]
    return Chain("store", steps)


def _server(settings: Settings, secrets: SecretStore) -> Chain:
    address = server_address(settings, None)
    assert address is not None, "only with a store server"
    diagnosis = ServerDiagnosis(address, lambda: secrets.get("storage.mysql_password"))
    no_tls = None if address.tls else "doctor.no_tls"
    steps = [
        Step("name", diagnosis.find_name, _says_name, NAME_S),
        Step("port", diagnosis.reach_port, _says_port, 2 * REACH_S),
        Step("tls", diagnosis.secure, lambda _: "the certificate is trusted", 10.0, no_tls),
        Step("login", diagnosis.log_in, _says_server_login, 10.0),
        Step("database", diagnosis.look_at_database, _says_server_database, 8.0),
        Step("rights", diagnosis.look_at_rights, lambda f: f"{f['rights']} are allowed", 8.0),
    ]
    return Chain("server", steps, diagnosis.close, diagnosis.give_up)


def _api(settings: Settings, secrets: SecretStore) -> Chain:
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
    steps = [
        Step("url", diagnosis.read_address, lambda f: f"the API is at {f['url']}", NAME_S, unset),
        Step("name", diagnosis.find_name, _says_name, NAME_S, unset),
        Step("port", diagnosis.reach_port, _says_port, REACH_S + _SLACK_S, unset),
        Step("tls", diagnosis.secure, _says_tls, REACH_S + _SLACK_S, no_tls),
        Step("health", diagnosis.ask_health, _says_health, request_s, unset),
        Step("token", diagnosis.show_token, lambda _: "the API takes it", request_s, unset),
        Step("history", diagnosis.read_history, _says_history, request_s, unset),
        Step("latest", diagnosis.read_latest, _says_latest, request_s, unset),
    ]
    return Chain("api", steps, diagnosis.close, diagnosis.give_up)


def _local_api(settings: Settings, secrets: SecretStore) -> Chain:
    chosen = settings.local_api

    def look() -> Facts:
        token = None if is_loopback(chosen.host) else secrets.get("local_api.token")
        return look_at_local_api(
            LocalApiConfig(
                chosen.host, chosen.port, token=token, allow_network=chosen.allow_network
            )
        )

    unset = None if chosen.enabled else "doctor.no_local_api"
    return Chain("local_api", [Step("port", look, _says_local, 3 * REACH_S, unset)])


def _says_name(facts: Facts) -> str:
    if facts["host"] == facts["addresses"]:
        return f"{facts['host']} is an address already"
    return f"{facts['host']} is {facts['addresses']}"


def _says_port(facts: Facts) -> str:
    return f"{facts['host']}:{facts['port']} answers ({facts['milliseconds']} ms)"


def _says_tls(facts: Facts) -> str:
    return f"{facts['version']}; the certificate is trusted, for {facts['days']} more days"


def _says_login(facts: Facts) -> str:
    who = f"as {facts['username']}" if facts["username"] else "without a user name"
    return f"the broker lets us in {who} (MQTT {facts['protocol']})"


def _says_topics(facts: Facts) -> str:
    if facts["count"] == 1:
        return f"{facts['topic']} is granted with confirmation"
    return f"all {facts['count']} topics are granted with confirmation"


def _says_message(facts: Facts) -> str:
    return f"{facts['what']} came on {facts['topic']} after {facts['milliseconds']} ms"


def _says_folder(facts: Facts) -> str:
    what = "can be made" if facts["new"] else "can be written"
    return f"{facts['path']} {what}; {facts['free_mb']} MB are free"


def _says_database(facts: Facts) -> str:
    sound = "sound" if facts["whole"] else "sound as far as it was read"
    newest = f", the newest {age(facts['age_s'])} old" if "age_s" in facts else ""
    text = f"{sound}; {facts['readings']} readings{newest} ({facts['size_mb']} MB)"
    if facts["version"] != facts["supported"]:
        return f"{text}; the next start brings it from version {facts['version']} to this one"
    return text


def _says_server_login(facts: Facts) -> str:
    return f"{facts['version']} lets {facts['user']} in"


def _says_server_database(facts: Facts) -> str:
    what = "is as it should be" if facts["ready"] else "is empty; the next start makes its tables"
    return f"{facts['database']} {what}"


def _says_health(facts: Facts) -> str:
    return f"the API answers ({facts['milliseconds']} ms)"


def _says_history(facts: Facts) -> str:
    newest = int(facts["age_s"])
    when = f"{age(newest)} old" if newest >= 0 else f"{age(-newest)} ahead of this clock"
    odd = f"; {facts['unreadable']} rows cannot be understood" if facts["unreadable"] else ""
    return f"{facts['count']} readings, the newest {when} ({facts['milliseconds']} ms){odd}"


def _says_latest(facts: Facts) -> str:
    return f"the newest reading can be read ({facts['milliseconds']} ms)"


def _says_local(facts: Facts) -> str:
    what = "answers as our local API" if facts["running"] else "is free for our local API"
    return f"{facts['host']}:{facts['port']} {what}"


def age(seconds: float | str) -> str:
    """A span in its largest whole unit."""
    left = int(seconds)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if left >= 2 * length:
            return f"{left // length} {unit}"
    return f"{left} s"
