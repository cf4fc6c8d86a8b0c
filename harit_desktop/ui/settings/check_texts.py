"""What the steps of a test are called, and what each of them found, in a sentence."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.diagnosis import GOES_ON, Facts, variant_of
from harit_desktop.domain.errors import Problem
from harit_desktop.ui.problem_texts import finding_text, printable
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import age_text, count, duration_text

_CONTEXT = "SettingsTest"
_LIST = "topics"
CERTIFICATE_WARNING_DAYS = 30

_UNDER_WAY: dict[str, str] = {
    "": QT_TRANSLATE_NOOP("SettingsTest", "Starting the test…"),
    "name": QT_TRANSLATE_NOOP("SettingsTest", "Looking for the host…"),
    "port": QT_TRANSLATE_NOOP("SettingsTest", "Opening the port…"),
    "tls": QT_TRANSLATE_NOOP("SettingsTest", "Checking the certificate…"),
    "login": QT_TRANSLATE_NOOP("SettingsTest", "Logging in…"),
    "websocket": QT_TRANSLATE_NOOP("SettingsTest", "Asking for the WebSocket…"),
    "subscribe": QT_TRANSLATE_NOOP("SettingsTest", "Asking for the topics…"),
    "delivery": QT_TRANSLATE_NOOP("SettingsTest", "Sending a message to itself…"),
    "topics": QT_TRANSLATE_NOOP("SettingsTest", "Listening to everything…"),
    "limits": QT_TRANSLATE_NOOP("SettingsTest", "Reading the broker's limits…"),
    "session": QT_TRANSLATE_NOOP("SettingsTest", "Leaving and coming back…"),
    "message": QT_TRANSLATE_NOOP("SettingsTest", "Waiting for a reading…"),
    "folder": QT_TRANSLATE_NOOP("SettingsTest", "Looking at the folder…"),
    "database": QT_TRANSLATE_NOOP("SettingsTest", "Looking at the database…"),
    "rights": QT_TRANSLATE_NOOP("SettingsTest", "Asking for the user's rights…"),
    "write": QT_TRANSLATE_NOOP("SettingsTest", "Trying to write…"),
}

_FINDINGS: dict[str, str] = {
    "doctor.no_answer": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "No answer within {seconds} s. Check the address, and whether a firewall is in between.",
    ),
    "doctor.out_of_time": QT_TRANSLATE_NOOP(
        "SettingsTest", "The time was over. Check whether the network is slow, and try again."
    ),
    "doctor.unproved": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "{topic} is granted, but nothing can be proved: this user may not send a message to "
        "itself. If no reading comes, check the broker's rules for this user.",
    ),
    "doctor.withheld": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker grants topics and then keeps them silent: a message of ours was taken and "
        "not given back. If no reading comes, allow this user to read {topic}.",
    ),
    "doctor.listen_denied": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker does not let this user hear everything. Ask its owner which topics are used.",
    ),
    "doctor.all_silent": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "Nobody sent anything within {seconds} s, on any topic that this user may hear. Check "
        "that the sensors are on and send to this broker.",
    ),
    "doctor.limits_untold": QT_TRANSLATE_NOOP(
        "SettingsTest", "MQTT 3.1.1 tells nothing of a broker's limits."
    ),
    "doctor.session_untold": QT_TRANSLATE_NOOP(
        "SettingsTest", "Whether the broker keeps sessions was not seen: it took no second client."
    ),
    "doctor.session_forgotten": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker forgets a client that goes away: what is sent while this program is off is "
        "lost. Let the broker keep sessions.",
    ),
    "doctor.client_id_untold": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "Whether another program uses the client ID was not tried: it would be thrown off.",
    ),
    "broker.lost": QT_TRANSLATE_NOOP(
        "SettingsTest", "The broker closed the connection. Look into the broker's log."
    ),
    "broker.tls:untrusted": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker's certificate is not trusted: this computer does not know who signed it "
        '("{issuer}"). Choose the CA file of that authority, or ask for it.',
    ),
    "broker.tls:expired": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker's certificate ended on {ends}. Have it renewed. This computer says it is "
        "{now}; if that is wrong, set the clock.",
    ),
    "broker.tls:not_yet_valid": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker's certificate is valid only from {begins} on, and this computer says it is "
        "{now}. Set the clock if it is behind, else have a new certificate made.",
    ),
    "broker.tls:clock": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "This computer's clock is wrong: it says {now}. So the broker's certificate seems not "
        "to be valid. Set date, time and time zone.",
    ),
    "broker.tls:hostname": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The broker's certificate is for another name than {host}: {names}. Enter a name that "
        "is in it as the host.",
    ),
    "doctor.no_message": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "No reading came within {seconds} s. That is well if the sensors send less often.",
    ),
    "doctor.no_database": QT_TRANSLATE_NOOP(
        "SettingsTest", "Nothing is stored yet; the database is made with the first reading."
    ),
    "doctor.fault": QT_TRANSLATE_NOOP(
        "SettingsTest", "The test itself failed ({error}). Please report it."
    ),
    "doctor.little_room": QT_TRANSLATE_NOOP(
        "SettingsTest", "Only {free_mb} MB are free in {path}. Make room on this disk."
    ),
    "doctor.damaged": QT_TRANSLATE_NOOP(
        "SettingsTest", "The database is damaged ({reason}). Restore a backup."
    ),
    "server.adoption_needed": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The database belongs to the earlier system ({rows} readings) and needs {columns} more "
        "columns. You are asked before anything is changed.",
    ),
    "server.migration_needed": QT_TRANSLATE_NOOP(
        "SettingsTest",
        "The database needs {columns} more columns. You are asked before anything is changed.",
    ),
}

HARMLESS = (
    *sorted(GOES_ON),
    "doctor.no_database",
    "server.adoption_needed",
    "server.migration_needed",
)
"""Worth saying, and nothing is wrong."""


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def under_way(step: str) -> str:
    """What is being done now."""
    return _tr(_UNDER_WAY.get(step, _UNDER_WAY[""]))


def finding(problem: Problem) -> str:
    """What is wrong, or worth to know, and what to do about it."""
    template = _FINDINGS.get(variant_of(problem)) or _FINDINGS.get(problem.code)
    if template is None:
        return finding_text(problem)
    params = {name: printable(str(value)) for name, value in problem.params.items()}
    try:
        return _tr(template).format(**params)
    except (KeyError, IndexError):
        return finding_text(problem)


def passed(step: str, facts: Facts) -> str:
    """What a step found that went well."""
    says = _SAYS.get(step)
    shown = {name: value if name == _LIST else _plain(value) for name, value in facts.items()}
    return says(shown) if says else ""


def warning(step: str, facts: Facts) -> str:
    """What will need a person before long, though the step went well."""
    days = facts.get("days")
    if step != "tls" or not isinstance(days, int) or days >= CERTIFICATE_WARNING_DAYS:
        return ""
    if days == 1:
        return _tr("The certificate ends in 1 day. Have it renewed.")
    return _tr("The certificate ends in {days} days. Have it renewed.").format(days=count(days))


Plain = Mapping[str, str | int | float]


def _plain(value: str | int | float) -> str | int | float:
    return printable(value) if isinstance(value, str) else value


def _says_name(facts: Plain) -> str:
    if facts["host"] == facts["addresses"]:
        return _tr("Host {host}").format(**facts)
    return _tr("Host found: {host} is {addresses}").format(**facts)


def _says_tls(facts: Plain) -> str:
    if "days" not in facts:
        return _tr("TLS: the certificate is trusted")
    template = _tr("{version}: the certificate is trusted, for {days} more days")
    if facts.get("issuer"):
        template = _tr(
            "{version}: the certificate signed by {issuer} is trusted, for {days} more days"
        )
    text = template.format(
        version=facts["version"], issuer=facts.get("issuer"), days=count(int(facts["days"]))
    )
    if facts.get("named", 1):
        return text
    return _tr("{text}; for which host is not checked").format(text=text)


def _says_delivery(facts: Plain) -> str:
    if facts["own"]:
        return _tr("The broker delivers: a message to ourselves came back")
    return _tr("The broker delivers {topic}").format(**facts)


def _says_heard(facts: Plain) -> str:
    lines = [_tr("Heard within {seconds} s (messages, topic):").format(**facts)]
    lines += [f"   {printable(line)}" for line in str(facts[_LIST]).split("\n")]
    if facts["others"]:
        more = _tr("   and {others} messages on other topics")
        lines.append(more.format(others=count(int(facts["others"]))))
    return "\n".join(lines)


def _says_limits(facts: Plain) -> str:
    parts = [
        _tr("{receive_maximum} messages under way").format(**facts),
        _tr("QoS up to {maximum_qos}").format(**facts),
    ]
    size = int(facts["maximum_packet_bytes"])
    if size:
        parts.append(_tr("messages up to {size} bytes").format(size=count(size)))
    if facts["keepalive_s"]:
        parts.append(_tr("a sign of life every {keepalive_s} s").format(**facts))
    if int(facts["session_s"]) > 0:
        kept = duration_text(int(facts["session_s"]))
        parts.append(_tr("sessions kept for {span} at most").format(span=kept))
    for name, text in (
        ("retain", _tr("no kept messages")),
        ("wildcards", _tr("no wildcards in topics")),
        ("shared", _tr("no share groups")),
    ):
        if not facts[name]:
            parts.append(text)
    if facts["assigned_id"]:
        parts.append(_tr("gave us the ID {assigned_id}").format(**facts))
    return _tr("The broker's limits: {limits}").format(limits="; ".join(parts))


def _says_login(facts: Plain) -> str:
    if "protocol" in facts:
        if facts.get("username"):
            return _tr("Logged in as {username} (MQTT {protocol})").format(**facts)
        return _tr("Logged in without a user name (MQTT {protocol})").format(**facts)
    return _tr("Logged in as {user} ({version})").format(**facts)


def _says_topics(facts: Plain) -> str:
    if facts["count"] == 1:
        return _tr("Subscribed to {topic}").format(**facts)
    return _tr("Subscribed to all {count} topics").format(count=count(int(facts["count"])))


def _says_message(facts: Plain) -> str:
    if facts["problem"]:
        return _tr("A message on {topic} came, which is no reading").format(**facts)
    return _tr("A reading of {publisher_id} after {milliseconds} ms").format(**facts)


def _says_folder(facts: Plain) -> str:
    template = _tr("The folder can be written; {free_mb} MB are free")
    return template.format(free_mb=count(int(facts["free_mb"])))


def _says_database(facts: Plain) -> str:
    if "readings" not in facts:
        if facts.get("ready"):
            return _tr("The database {database} is as it should be").format(**facts)
        return _tr("The database {database} is empty; its tables are made at the start").format(
            **facts
        )
    size = {"count": count(int(facts["readings"])), "size_mb": facts["size_mb"]}
    if facts["readings"] == 1:
        text = _tr("The database opens: 1 reading, {size_mb} MB").format(**size)
    else:
        text = _tr("The database opens: {count} readings, {size_mb} MB").format(**size)
    if "age_s" not in facts:
        return text
    newest = _tr("the newest {age}").format(age=age_text(max(0, int(facts["age_s"]))))
    return _tr("{database}, {newest}").format(database=text, newest=newest)


_SAYS: dict[str, Callable[[Plain], str]] = {
    "websocket": lambda facts: _tr("The WebSocket under {path} is open").format(**facts),
    "delivery": _says_delivery,
    "topics": _says_heard,
    "limits": _says_limits,
    "session": lambda _: _tr("The broker knows a client again that was away"),
    "client_id": lambda facts: _tr("Nobody else uses the client ID {client_id}").format(**facts),
    "name": _says_name,
    "port": lambda facts: _tr("Port {port} answers after {milliseconds} ms").format(**facts),
    "tls": _says_tls,
    "login": _says_login,
    "subscribe": _says_topics,
    "message": _says_message,
    "folder": _says_folder,
    "database": _says_database,
    "write": lambda _: _tr("Readings can be written, read and deleted"),
    "rights": lambda facts: _tr("Allowed: {rights}").format(**facts),
}
