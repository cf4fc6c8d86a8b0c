"""What the publisher's row says: whether it runs, and which way its readings go."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import PublisherRoute, PublisherState, PublisherStatus
from harit_desktop.ui.panels.path_text import PathText
from harit_desktop.ui.words import count, duration_text, number, seconds_until

_OFF = (PublisherState.STOPPED, PublisherState.STARTING, PublisherState.ERROR)


def publisher_text(publisher: PublisherStatus, now_us: int, retries: int) -> PathText:
    """`retries` is how often the broker is tried before the API."""
    tr = QCoreApplication.translate
    if publisher.state in _OFF:
        return _not_running(publisher)
    match publisher.route:
        case PublisherRoute.RETRYING:
            return _retrying(publisher, now_us, retries)
        case PublisherRoute.API:
            return _through_api(publisher, now_us)
        case PublisherRoute.HOLDING:
            return _holding(publisher, now_us)
    if publisher.state is PublisherState.UNCONFIRMED:
        detail = tr("DataPath", "Running, broker not confirming")
        return PathText("stale", detail, tr("DataPath", "Waiting"), "warn", _waiting(publisher))
    return PathText("live", _running(publisher), more=_waiting(publisher))


def _not_running(publisher: PublisherStatus) -> PathText:
    tr = QCoreApplication.translate
    if publisher.state is PublisherState.STARTING:
        return PathText("connecting", tr("DataPath", "Starting…"))
    if publisher.state is PublisherState.ERROR:
        detail = tr("DataPath", "Stopped by an error")
        return PathText("error", detail, tr("DataPath", "Error"), "crit", _waiting(publisher))
    if publisher.waiting:
        detail = tr("DataPath", "Stopped · {n} in the outbox").format(n=count(publisher.waiting))
        return PathText("empty", detail)
    return PathText("empty", tr("DataPath", "Stopped"))


def _running(publisher: PublisherStatus) -> str:
    tr = QCoreApplication.translate
    whole = publisher.interval_s == int(publisher.interval_s)
    # Qt forms the plurals of translations; the English in the source has to do its own.
    detail = (
        tr("DataPath", "Running · 1 device / {interval} s")
        if publisher.devices == 1
        else tr("DataPath", "Running · %n devices / {interval} s", None, publisher.devices)
    )
    return detail.format(interval=number(publisher.interval_s, 0 if whole else 1))


def _waiting(publisher: PublisherStatus) -> str:
    tr = QCoreApplication.translate
    if publisher.waiting == 0:
        return ""
    if publisher.waiting == 1:
        return tr("DataPath", "1 reading waits in the outbox.")
    return tr("DataPath", "{n} readings wait in the outbox.").format(n=count(publisher.waiting))


def _retrying(publisher: PublisherStatus, now_us: int, retries: int) -> PathText:
    tr = QCoreApplication.translate
    wait_s = seconds_until(publisher.retry_at_us, now_us)
    if not retries or publisher.attempt > retries:
        detail = tr("DataPath", "Trying the broker again")
    elif wait_s:
        template = tr("DataPath", "Broker: try {n} of {most} in {wait}")
        detail = template.format(n=publisher.attempt, most=retries, wait=duration_text(wait_s))
    else:
        template = tr("DataPath", "Broker: try {n} of {most} now")
        detail = template.format(n=publisher.attempt, most=retries)
    return PathText("stale", detail, tr("DataPath", "Retrying"), "warn", _waiting(publisher))


def _through_api(publisher: PublisherStatus, now_us: int) -> PathText:
    tr = QCoreApplication.translate
    back_s = seconds_until(publisher.back_at_us, now_us)
    sent = tr("DataPath", "Sending through the API")
    template = tr("DataPath", "{what}, {n} so far. {waiting}")
    more = template.format(
        what=sent, n=count(publisher.via_api), waiting=_waiting(publisher)
    ).strip()
    detail = sent
    if back_s is not None:
        detail = tr("DataPath", "Back to the broker in {wait}").format(wait=duration_text(back_s))
    elif publisher.waiting:
        template = tr("DataPath", "Sending, {n} in the outbox")
        detail = template.format(n=count(publisher.waiting))
    return PathText("fallback", detail, tr("DataPath", "Through the API"), "info", more)


def _holding(publisher: PublisherStatus, now_us: int) -> PathText:
    tr = QCoreApplication.translate
    wait_s = seconds_until(publisher.retry_at_us, now_us)
    if wait_s is None:
        detail = tr("DataPath", "{n} in the outbox").format(n=count(publisher.waiting))
    else:
        template = tr("DataPath", "{n} in the outbox, retry in {wait}")
        detail = template.format(n=count(publisher.waiting), wait=duration_text(wait_s))
    more = tr("DataPath", "Neither broker nor API takes readings; all of them are kept.")
    return PathText("stale", detail, tr("DataPath", "Waiting"), "warn", more)
