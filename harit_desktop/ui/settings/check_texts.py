"""What the steps of a test are called, and what each of them found, in a sentence."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import Problem
from harit_desktop.ui.problem_texts import finding_text
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import age_text, count, plain

_CONTEXT = "SettingsTest"
CERTIFICATE_WARNING_DAYS = 30

_UNDER_WAY: dict[str, str] = {
    "": QT_TRANSLATE_NOOP("SettingsTest", "Starting the test…"),
    "name": QT_TRANSLATE_NOOP("SettingsTest", "Looking for the host…"),
    "port": QT_TRANSLATE_NOOP("SettingsTest", "Opening the port…"),
    "tls": QT_TRANSLATE_NOOP("SettingsTest", "Checking the certificate…"),
    "login": QT_TRANSLATE_NOOP("SettingsTest", "Logging in…"),
    "subscribe": QT_TRANSLATE_NOOP("SettingsTest", "Asking for the topics…"),
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
    "doctor.no_message",
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
    template = _FINDINGS.get(problem.code)
    if template is None:
        return finding_text(problem)
    params = {name: plain(str(value)) for name, value in problem.params.items()}
    try:
        return _tr(template).format(**params)
    except (KeyError, IndexError):
        return finding_text(problem)


def passed(step: str, facts: Facts) -> str:
    """What a step found that went well."""
    says = _SAYS.get(step)
    return says({name: _plain(value) for name, value in facts.items()}) if says else ""


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
    return plain(value) if isinstance(value, str) else value


def _says_name(facts: Plain) -> str:
    if facts["host"] == facts["addresses"]:
        return _tr("Host {host}").format(**facts)
    return _tr("Host found: {host} is {addresses}").format(**facts)


def _says_tls(facts: Plain) -> str:
    if "days" not in facts:
        return _tr("TLS: the certificate is trusted")
    template = _tr("{version}: the certificate is trusted, for {days} more days")
    return template.format(version=facts["version"], days=count(int(facts["days"])))


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
