"""What the rows of the data path say, from the state of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import (
    AnalysisPublishStatus,
    BrokerState,
    EngineStatus,
    LinkState,
    LinkStatus,
)
from harit_desktop.ui.panels.api_texts import api_text, forward_text, local_api_text
from harit_desktop.ui.panels.path_text import PathText
from harit_desktop.ui.panels.publisher_texts import publisher_text
from harit_desktop.ui.panels.store_texts import database_text, spool_text
from harit_desktop.ui.words import (
    age_text,
    count,
    duration_text,
    plain,
    seconds_between,
)


@dataclass(frozen=True)
class Choices:
    """What the settings say beside the engine's state.

    `configured`: a broker was chosen, even while nothing is connected to it. `api_mode` is
    the setting of that name; `retries` how often the publisher tries the broker.
    """

    configured: bool = False
    api_mode: str = "auto"
    has_api: bool = False
    retries: int = 3


def path_texts(
    status: EngineStatus, now_us: int, choices: Choices = Choices()
) -> Mapping[str, PathText | None]:
    """The texts by row in the order of a reading's way; None for a row that is not there."""
    return {
        "broker": _with_analyses(_broker(status, now_us, choices), status.analysis_publish),
        "api": api_text(status, now_us, choices.api_mode, choices.has_api),
        "database": database_text(status, now_us),
        "spool": spool_text(status),
        "publisher": publisher_text(status.publisher, now_us, choices.retries),
        "forward": forward_text(status.api_forward, now_us),
        "localApi": local_api_text(status.local_api),
    }


def row_title(row: str) -> str:
    """The name of a row of the data path."""
    tr = QCoreApplication.translate
    titles = {
        "broker": tr("DataPath", "Broker"),
        "api": tr("DataPath", "API fallback"),
        "database": tr("DataPath", "Database"),
        "spool": tr("DataPath", "Spool"),
        "publisher": tr("DataPath", "Publisher"),
        "forward": tr("DataPath", "Sent on to the API"),
        "localApi": tr("DataPath", "Local API"),
    }
    return titles[row]


def _not_set_up() -> str:
    return QCoreApplication.translate("DataPath", "Not set up")


def _ok() -> str:
    return QCoreApplication.translate("DataPath", "OK")


def _broker(status: EngineStatus, now_us: int, choices: Choices) -> PathText:
    tr = QCoreApplication.translate
    link = status.link
    address = _address(link)
    builtin = status.builtin_broker
    if builtin.state is BrokerState.FAILED:
        detail = tr("DataPath", "Built-in broker stopped by an error")
        return PathText("error", detail, tr("DataPath", "Error"), "crit")
    if builtin.state is BrokerState.STARTING:
        return PathText("connecting", tr("DataPath", "Starting the built-in broker…"))
    if link.state is LinkState.OFF:
        return PathText("empty", _off(status, choices))
    if link.state is LinkState.CONNECTING:
        template = (
            tr("DataPath", "Connecting to {address}… try {n}")
            if link.attempt > 1
            else tr("DataPath", "Connecting to {address}…")
        )
        return PathText("connecting", template.format(address=address, n=link.attempt))
    if link.state is LinkState.CONNECTED:
        own = builtin.state is BrokerState.RUNNING and builtin.port == link.port
        template = tr("DataPath", "Built-in · {address}") if own else "{address}"
        if link.problem is not None and link.problem.code == "broker.stalled":
            detail = tr("DataPath", "Connected, nothing arrives")
            return PathText("stale", detail, tr("DataPath", "Stalled"), "warn")
        return PathText("live", template.format(address=address), _ok())
    if link.state is LinkState.LOST:
        if link.session_present is None and link.problem is not None:
            detail = _no_answer(link, link.problem.code, now_us)
            return PathText("stale", detail, tr("DataPath", "No answer"), "warn")
        return PathText("stale", _lost(link, now_us), tr("DataPath", "Lost"), "warn")
    return PathText("error", _refused(link), tr("DataPath", "Refused"), "crit")


def _with_analyses(row: PathText, analyses: AnalysisPublishStatus) -> PathText:
    """Adds how publishing our analyses goes, for who asks; nothing where it is off."""
    tr = QCoreApplication.translate
    if analyses.state is LinkState.OFF:
        return row
    numbers = {
        "published": count(analyses.published),
        "waiting": count(analyses.waiting),
        "dropped": count(analyses.dropped),
    }
    if analyses.state is LinkState.REFUSED:
        text = tr("DataPath", "Analyses: the broker refuses them, {waiting} waiting")
    elif analyses.dropped:
        text = tr(
            "DataPath", "Analyses: {published} published, {waiting} waiting, {dropped} left out"
        )
    else:
        text = tr("DataPath", "Analyses: {published} published, {waiting} waiting")
    return replace(row, more=text.format(**numbers))


def _address(link: LinkStatus) -> str:
    address = plain(f"{link.host}:{link.port}")
    if not link.tls:
        return address
    return QCoreApplication.translate("DataPath", "{address} · TLS").format(address=address)


def _off(status: EngineStatus, choices: Choices) -> str:
    tr = QCoreApplication.translate
    if choices.api_mode == "api_only":
        return tr("DataPath", "Off: only the API is read")
    if status.builtin_broker.state is BrokerState.RUNNING:
        return tr("DataPath", "Disconnected · built-in broker runs")
    if choices.configured or status.link.host:
        return tr("DataPath", "Disconnected")
    return _not_set_up()


def _no_answer(link: LinkStatus, code: str, now_us: int) -> str:
    """Why there has been no connection yet, and when the next attempt is due."""
    tr = QCoreApplication.translate
    reasons = {
        "broker.dns": tr("DataPath", "Host not found"),
        "broker.refused": tr("DataPath", "Nothing answers"),
        "broker.unreachable": tr("DataPath", "Host not reachable"),
        "broker.timeout": tr("DataPath", "No answer in time"),
        "broker.no_mqtt": tr("DataPath", "Not an MQTT broker"),
    }
    reason = reasons.get(code, tr("DataPath", "Not reached yet"))
    wait_s = link.retry_in_s(now_us)
    if wait_s is None:
        return tr("DataPath", "{reason}, trying again").format(reason=reason)
    template = tr("DataPath", "{reason}, retry in {wait}")
    return template.format(reason=reason, wait=duration_text(wait_s))


def _lost(link: LinkStatus, now_us: int) -> str:
    tr = QCoreApplication.translate
    since = age_text(seconds_between(link.since_us, now_us))
    wait_s = link.retry_in_s(now_us)
    if wait_s is None:
        return tr("DataPath", "Lost {since}").format(since=since)
    template = tr("DataPath", "Lost {since}, retry in {wait}")
    return template.format(since=since, wait=duration_text(wait_s))


def _refused(link: LinkStatus) -> str:
    tr = QCoreApplication.translate
    reasons = {
        "broker.auth": tr("DataPath", "Login refused"),
        "broker.not_authorized": tr("DataPath", "Not allowed to read the topic"),
        "broker.tls": tr("DataPath", "No secure connection"),
        "broker.tls:untrusted": tr("DataPath", "Certificate not trusted"),
        "broker.tls:expired": tr("DataPath", "Certificate has expired"),
        "broker.tls:not_yet_valid": tr("DataPath", "Certificate not valid yet"),
        "broker.tls:hostname": tr("DataPath", "Certificate for another name"),
        "broker.tls:not_tls": tr("DataPath", "The port does not speak TLS"),
        "broker.tls:protocol": tr("DataPath", "TLS version outdated"),
        "broker.tls:client_certificate": tr("DataPath", "Client certificate refused"),
        "broker.tls:ca_file": tr("DataPath", "CA file cannot be read"),
        "broker.tls:cert_file": tr("DataPath", "Client certificate or key unusable"),
        "broker.tls:key_mismatch": tr("DataPath", "Key and certificate do not match"),
        "broker.tls:passphrase": tr("DataPath", "Key pass phrase is wrong"),
        "broker.tls:passphrase_missing": tr("DataPath", "Key pass phrase is missing"),
        "broker.dns": tr("DataPath", "No computer of that name"),
        "broker.no_mqtt": tr("DataPath", "Not an MQTT broker"),
        "broker.client_id_in_use": tr("DataPath", "Client ID is used by another program"),
        "broker.client_id_rejected": tr("DataPath", "Client ID refused"),
        "broker.subscribe_denied": tr("DataPath", "Not allowed to read the topic"),
    }
    if link.problem is None:
        return tr("DataPath", "Connection refused")
    variant = f"{link.problem.code}:{link.problem.params.get('cause', '')}"
    usual = reasons.get(link.problem.code, tr("DataPath", "Connection refused"))
    return reasons.get(variant, usual)
