"""What the rows of the API, of sending on to it and of our own API say."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import (
    ApiForwardStatus,
    ApiState,
    ApiStatus,
    EngineStatus,
    ForwardState,
    LinkState,
    LocalApiState,
    LocalApiStatus,
)
from harit_desktop.ui.panels.path_text import PathText
from harit_desktop.ui.words import (
    age_text,
    count,
    day_text,
    duration_text,
    plain,
    seconds_between,
    seconds_until,
)

_TRYING = (LinkState.LOST, LinkState.CONNECTING)


def api_text(status: EngineStatus, now_us: int, mode: str, has_url: bool) -> PathText:
    """The remote API: whether it is there, whether it is used, and what happens next."""
    tr = QCoreApplication.translate
    api = status.api
    match api.state:
        case ApiState.OFF:
            return PathText("empty", _off(mode, has_url or bool(api.address)))
        case ApiState.CHECKING:
            return PathText("connecting", tr("DataPath", "Checking…"), more=_address(api))
        case ApiState.STANDBY:
            return _standby(status, now_us)
        case ApiState.IN_USE:
            return _in_use(status, now_us, mode)
    severity = "crit" if api.needed else "warn"
    state = "error" if api.needed else "stale"
    if api.state is ApiState.REFUSED:
        return PathText(state, _why(api), tr("DataPath", "Refused"), severity, _address(api))
    detail = _why(api)
    wait_s = seconds_until(api.retry_at_us, now_us)
    if wait_s is not None:
        template = tr("DataPath", "{reason}, retry in {wait}")
        detail = template.format(reason=detail, wait=duration_text(wait_s))
    return PathText(state, detail, tr("DataPath", "Not reachable"), severity, _address(api))


def _off(mode: str, has_url: bool) -> str:
    tr = QCoreApplication.translate
    if not has_url:
        return tr("DataPath", "Not set up")
    if mode == "mqtt_only":
        return tr("DataPath", "Off, MQTT only is chosen")
    return tr("DataPath", "Off")


def _address(api: ApiStatus) -> str:
    return plain(api.address)


def _standby(status: EngineStatus, now_us: int) -> PathText:
    tr = QCoreApplication.translate
    api = status.api
    takes_over_s = seconds_until(api.switch_at_us, now_us)
    if takes_over_s is not None:
        detail = tr("DataPath", "Takes over in {wait}").format(wait=duration_text(takes_over_s))
        return PathText("live", detail, tr("DataPath", "Standby"), more=_address(api))
    if api.checked_us is None:
        return PathText("live", tr("DataPath", "Standby"), tr("DataPath", "OK"))
    age = age_text(seconds_between(api.checked_us, now_us))
    detail = tr("DataPath", "Standby · checked {age}").format(age=age)
    return PathText("live", detail, tr("DataPath", "OK"), more=_address(api))


def _in_use(status: EngineStatus, now_us: int, mode: str) -> PathText:
    tr = QCoreApplication.translate
    api = status.api
    word = tr("DataPath", "Only source") if mode == "api_only" else tr("DataPath", "Fallback")
    since = tr("DataPath", "In use since {time}").format(time=day_text(api.since_us, now_us))
    template = tr("DataPath", "{since} · {address} · readings in this run: {count}")
    more = template.format(since=since, address=_address(api), count=count(api.readings))
    back_s = seconds_until(api.back_at_us, now_us)
    if back_s is None:
        return PathText("fallback", since, word, "info", more)
    detail = tr("DataPath", "Back to the broker in {wait}").format(wait=duration_text(back_s))
    return PathText("fallback", detail, word, "info", more)


def _why(api: ApiStatus) -> str:
    """What the last attempt met, in two or three words."""
    problem = api.problem
    tr = QCoreApplication.translate
    reasons = {
        "api.unreachable": tr("DataPath", "No answer"),
        "api.dns": tr("DataPath", "Host not found"),
        "api.timeout": tr("DataPath", "Too slow"),
        "api.lost": tr("DataPath", "Broke off"),
        "api.tls": tr("DataPath", "No secure connection"),
        "api.http": tr("DataPath", "Error {status}"),
        "api.busy": tr("DataPath", "Busy ({status})"),
        "api.auth": tr("DataPath", "Key refused ({status})"),
        "api.not_found": tr("DataPath", "No such path there"),
        "api.redirected": tr("DataPath", "Redirected"),
        "api.too_big": tr("DataPath", "Answer too big"),
        "api.not_json": tr("DataPath", "Not an API"),
        "api.refused": tr("DataPath", "Refused ({status})"),
        "api.bad_url": tr("DataPath", "Address unusable"),
        "api.not_private": tr("DataPath", "Address needs https"),
    }
    reason = reasons.get(problem.code if problem else "", tr("DataPath", "No answer"))
    return reason.format(status=problem.params.get("status", "?") if problem else "?")


def forward_text(forward: ApiForwardStatus, now_us: int) -> PathText | None:
    """Readings on their way to the remote API; None where none are sent."""
    tr = QCoreApplication.translate
    more = tr("DataPath", "{address} · sent in this run: {sent}, not wanted: {refused}").format(
        address=plain(forward.address), sent=count(forward.sent), refused=count(forward.refused)
    )
    waiting = tr("DataPath", "{n} waiting").format(n=count(forward.waiting))
    match forward.state:
        case ForwardState.OFF:
            return None
        case ForwardState.SENDING:
            sending = tr("DataPath", "{n} waiting, sending").format(n=count(forward.waiting))
            detail = sending if forward.waiting else waiting
            return PathText("live", detail, tr("DataPath", "OK"), more=more)
        case ForwardState.REFUSED:
            detail = _forward_refusal(forward)
            return PathText("error", detail, tr("DataPath", "Refused"), "crit", more)
    wait_s = seconds_until(forward.retry_at_us, now_us)
    if wait_s is not None:
        template = tr("DataPath", "{n} waiting, retry in {wait}")
        waiting = template.format(n=count(forward.waiting), wait=duration_text(wait_s))
    return PathText("stale", waiting, tr("DataPath", "Waiting"), "warn", more)


def _forward_refusal(forward: ApiForwardStatus) -> str:
    tr = QCoreApplication.translate
    reasons = {
        "api.forward_own_database": tr("DataPath", "It writes into our database"),
        "api.forward_own_api": tr("DataPath", "It is our own API"),
        "api.auth": tr("DataPath", "Key refused"),
        "api.not_found": tr("DataPath", "No such path there"),
    }
    code = forward.problem.code if forward.problem else ""
    return reasons.get(code, tr("DataPath", "Not taken there"))


def local_api_text(local: LocalApiStatus) -> PathText | None:
    """Our own API; None where it is switched off."""
    tr = QCoreApplication.translate
    address = plain(f"{local.host}:{local.port}")
    more = tr("DataPath", "Answered: {answered}, stored: {stored}, turned away: {away}").format(
        answered=count(local.answered),
        stored=count(local.stored),
        away=count(local.turned_away),
    )
    match local.state:
        case LocalApiState.OFF:
            return None
        case LocalApiState.STARTING:
            return PathText("connecting", tr("DataPath", "Starting…"))
        case LocalApiState.RUNNING:
            return PathText("live", address, tr("DataPath", "OK"), more=more)
    reasons = {
        "local_api.port_busy": tr("DataPath", "Port {port} is taken"),
        "local_api.cannot_listen": tr("DataPath", "Cannot listen at {host}"),
        "local_api.no_token": tr("DataPath", "No token yet"),
        "local_api.no_consent": tr("DataPath", "Waits for your consent"),
    }
    code = local.problem.code if local.problem else ""
    detail = reasons.get(code, tr("DataPath", "Stopped by an error"))
    detail = detail.format(port=local.port, host=plain(local.host))
    return PathText("error", detail, tr("DataPath", "Off"), "warn", address)
