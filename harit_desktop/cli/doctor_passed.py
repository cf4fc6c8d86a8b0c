"""What `doctor` says of a step that found nothing wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harit_desktop.cli.texts import printable
from harit_desktop.domain.diagnosis import Facts

_FACT_CHARS = 200


def passed(chain: str, step: str, facts: Facts) -> str:
    """The facts of a step as a sentence, in English and on one line."""
    return printable(SAYS[chain][step]({name: _short(value) for name, value in facts.items()}))


def _short(value: str | int | float) -> str | int | float:
    """A text from outside is cut, line by line."""
    if not isinstance(value, str):
        return value
    lines = (
        line if len(line) <= _FACT_CHARS else f"{line[:_FACT_CHARS]}…" for line in value.split("\n")
    )
    return "\n".join(lines)


def _says_file(facts: Facts) -> str:
    if not facts["there"]:
        return (
            f"there is no {facts['path']} yet; what the command line does not set has its default"
        )
    if facts["unknown"]:
        return f"read from {facts['path']}; {facts['unknown']} names in it are unknown"
    return f"read from {facts['path']}"


def _says_name(facts: Facts) -> str:
    if facts["host"] == facts["addresses"]:
        return f"{facts['host']} is an address already"
    return f"{facts['host']} is {facts['addresses']}"


def _says_port(facts: Facts) -> str:
    return f"{facts['host']}:{facts['port']} answers ({facts['milliseconds']} ms)"


def _says_tls(facts: Facts) -> str:
    by = f" (signed by {facts['issuer']!r})" if facts.get("issuer") else ""
    text = f"{facts['version']}; the certificate is trusted{by}, for {facts['days']} more days"
    if not facts.get("named", 1):
        text += "; whether it is for this host is not looked at (broker.verify_hostname)"
    if facts.get("client"):
        text += "; ours was shown and not refused"
    return text


def _says_websocket(facts: Facts) -> str:
    what = "" if facts["mqtt"] else ", without promising MQTT on it"
    return f"the WebSocket under {facts['path']} is open{what}"


def _says_delivery(facts: Facts) -> str:
    if facts["own"]:
        return (
            "a message that we sent to ourselves came back, so the broker delivers; whether "
            f"{facts['topic']} is let through shows with the first message"
        )
    return f"the broker delivers {facts['topic']}"


def _says_topics_heard(facts: Facts) -> str:
    listed = ", ".join(str(facts["topics"]).split("\n"))
    more = f"; {facts['others']} messages on others" if facts["others"] else ""
    return f"{facts['count']} topics in {facts['seconds']} s (messages, topic): {listed}{more}"


def _says_limits(facts: Facts) -> str:
    size = int(facts["maximum_packet_bytes"])
    session_s = int(facts["session_s"])
    parts = [
        f"{facts['receive_maximum']} messages under way",
        f"messages up to {_size(size)}" if size else "messages of any size",
        f"QoS up to {facts['maximum_qos']}",
    ]
    parts += [f"asks for a sign of life every {facts['keepalive_s']} s"] * bool(
        facts["keepalive_s"]
    )
    parts += [f"keeps a session {age(session_s)} at most"] * (session_s > 0)
    for name, what in (
        ("retain", "kept messages"),
        ("wildcards", "wildcards in topics"),
        ("shared", "share groups"),
    ):
        parts += [f"without {what}"] * (not facts[name])
    if facts["assigned_id"]:
        parts.append(f"gave us the id {facts['assigned_id']!r}")
    return "; ".join(parts)


def _size(size: int) -> str:
    return f"{size // 1024} KB" if size >= 1024 else f"{size} bytes"


def _says_login(facts: Facts) -> str:
    who = f"as {facts['username']}" if facts["username"] else "without a user name"
    return f"the broker lets us in {who} (MQTT {facts['protocol']})"


def _says_topics(facts: Facts) -> str:
    if facts["count"] == 1:
        return f"{facts['topic']} is granted with confirmation"
    return f"all {facts['count']} topics are granted with confirmation"


def _says_message(facts: Facts) -> str:
    what = f"a reading of {facts['publisher_id']}"
    if facts["problem"]:
        what = f"a message that is no reading ({facts['problem']})"
    return f"{what} came on {facts['topic']} after {facts['milliseconds']} ms"


def _says_folder(facts: Facts) -> str:
    what = "can be made" if facts["new"] else "can be written"
    return f"{facts['path']} {what}; {facts['free_mb']} MB are free"


def _says_database(facts: Facts) -> str:
    sound = "sound" if facts["whole"] else "sound as far as it was read"
    newest = f", the newest {age(facts['age_s'])} old" if "age_s" in facts else ""
    size = f"{facts['size_mb']} MB" if facts["size_mb"] else "less than 1 MB"
    text = f"{sound}; {facts['readings']} readings{newest} ({size})"
    if facts["version"] != facts["supported"]:
        return f"{text}; the next start brings it from version {facts['version']} to this one"
    return text


def _says_server_database(facts: Facts) -> str:
    what = "is as it should be" if facts["ready"] else "is empty; the next start makes its tables"
    return f"{facts['database']} {what}"


def _says_history(facts: Facts) -> str:
    newest = int(facts["age_s"])
    when = f"{age(newest)} old" if newest >= 0 else f"{age(-newest)} ahead of this clock"
    odd = f"; {facts['unreadable']} rows cannot be understood" if facts["unreadable"] else ""
    return f"{facts['count']} readings, the newest {when} ({facts['milliseconds']} ms){odd}"


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


SAYS: Mapping[str, Mapping[str, Callable[[Facts], str]]] = {
    "settings": {"file": _says_file},
    "broker": {
        "name": _says_name,
        "port": _says_port,
        "tls": _says_tls,
        "websocket": _says_websocket,
        "login": _says_login,
        "subscribe": _says_topics,
        "delivery": _says_delivery,
        "message": _says_message,
        "topics": _says_topics_heard,
        "limits": _says_limits,
        "session": lambda facts: "the broker knows a client again that was away",
        "client_id": lambda facts: f"nobody else uses {facts['client_id']}",
    },
    "store": {
        "folder": _says_folder,
        "database": _says_database,
        "write": lambda _: "readings can be written",
    },
    "server": {
        "name": _says_name,
        "port": _says_port,
        "tls": lambda _: "the certificate is trusted",
        "login": lambda facts: f"{facts['version']} lets {facts['user']} in",
        "database": _says_server_database,
        "rights": lambda facts: f"{facts['rights']} are allowed",
    },
    "api": {
        "url": lambda facts: f"the API is at {facts['url']}",
        "name": _says_name,
        "port": _says_port,
        "tls": _says_tls,
        "health": lambda facts: f"the API answers ({facts['milliseconds']} ms)",
        "token": lambda _: "the API takes it",
        "history": _says_history,
        "latest": lambda facts: f"the newest reading can be read ({facts['milliseconds']} ms)",
    },
    "local_api": {"port": _says_local},
}
"""By chain and step."""
