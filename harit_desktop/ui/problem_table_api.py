"""Words for what goes wrong with the API: the remote one, forwarding to it, and our own.

What it means for the readings depends on who asks and whether the broker is there, so that
sentence comes from `api_notices`.
"""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_TRY = ("retry", "api_settings")
_SETTINGS = ("api_settings", "retry")
_LOCAL = ("local_api_settings",)
_CHECK_NETWORK = QT_TRANSLATE_NOOP("Problems", "Check that its computer is on and the network.")
_ASK_OWNER = QT_TRANSLATE_NOOP("Problems", "If it stays so, ask the API's owner.")


def _waits(headline: str, advice: str) -> Entry:
    """The API may come back by itself."""
    return Entry("warn", headline, "", advice, _TRY, retries=True)


def _needs_you(headline: str, advice: str, doing: str = "") -> Entry:
    """Only a person can mend it."""
    return Entry("warn", headline, doing, advice, _SETTINGS, retries=True)


_REACHING: dict[str, Entry] = {
    "api.unreachable": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host}:{port} does not answer."),
        QT_TRANSLATE_NOOP("Problems", "Check that its computer is on and the address is right."),
    ),
    "api.dns": _waits(
        QT_TRANSLATE_NOOP("Problems", 'No computer named "{host}" was found for the API.'),
        QT_TRANSLATE_NOOP("Problems", "Check the address of the API and the network."),
    ),
    "api.timeout": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} did not answer within {seconds} s."),
        QT_TRANSLATE_NOOP("Problems", "If it is only slow, give it more time in the settings."),
    ),
    "api.lost": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} broke off in the middle of an answer."),
        _CHECK_NETWORK,
    ),
    "api.http": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} answered with error {status}."),
        _ASK_OWNER,
    ),
    "api.busy": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} answered with error {status} (busy)."),
        _ASK_OWNER,
    ),
}

_ANSWERS: dict[str, Entry] = {
    "api.redirected": _waits(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} sends this program to another address."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "It was not followed. Enter the address at which the API itself answers; behind "
            "some Wi-Fi one has to log in first.",
        ),
    ),
    "api.too_big": _waits(
        QT_TRANSLATE_NOOP(
            "Problems", "The answer of the API at {host} is larger than {limit_mb} MB."
        ),
        QT_TRANSLATE_NOOP("Problems", "It was not read. Check that the address is the API's."),
    ),
    "api.not_json": _waits(
        QT_TRANSLATE_NOOP("Problems", "{host} answers, but not as a soil-health API."),
        QT_TRANSLATE_NOOP(
            "Problems", "Check the address; behind some Wi-Fi one has to log in first."
        ),
    ),
    "api.not_found": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} has no {path}."),
        QT_TRANSLATE_NOOP("Problems", "Check the address; a folder of it may be missing."),
    ),
    "api.auth": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} refused the key (error {status})."),
        QT_TRANSLATE_NOOP("Problems", "Enter the key again, or ask the API's owner."),
    ),
    "api.refused": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The API at {host} does not take some readings: {reason}."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "They are left out there; this computer keeps every reading that it received.",
        ),
        QT_TRANSLATE_NOOP("Problems", "Ask the API's owner what it wants."),
        ("api_settings", "dismiss"),
    ),
}

_NOTHING_SENT = QT_TRANSLATE_NOOP("Problems", "Not connected, and nothing was sent.")

_TLS: dict[str, Entry] = {
    "api.tls": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "No secure connection to the API at {host} came about."),
        QT_TRANSLATE_NOOP("Problems", "Check the address, or ask the API's owner."),
        _NOTHING_SENT,
    ),
    "api.tls:untrusted": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of the API at {host} is not trusted."),
        QT_TRANSLATE_NOOP("Problems", "Ask the API's owner for a certificate that is."),
        _NOTHING_SENT,
    ),
    "api.tls:expired": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of the API at {host} has expired."),
        QT_TRANSLATE_NOOP(
            "Problems", "Check this computer's clock, then ask the API's owner to renew it."
        ),
        _NOTHING_SENT,
    ),
    "api.tls:not_yet_valid": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of the API at {host} is not valid yet."),
        QT_TRANSLATE_NOOP("Problems", "Check the date and time of this computer."),
        _NOTHING_SENT,
    ),
    "api.tls:hostname": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The API's certificate is for another name than {host}."),
        QT_TRANSLATE_NOOP("Problems", "Use the name in the certificate in the address."),
        _NOTHING_SENT,
    ),
    "api.tls:not_tls": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} does not speak HTTPS there."),
        QT_TRANSLATE_NOOP("Problems", "Check the port in the address."),
        _NOTHING_SENT,
    ),
    "api.tls:protocol": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The API at {host} offers only an outdated TLS version."),
        QT_TRANSLATE_NOOP("Problems", "Ask the API's owner for TLS 1.2 or newer."),
        _NOTHING_SENT,
    ),
}

_NOT_USED = QT_TRANSLATE_NOOP("Problems", "The API is not used.")

_ADDRESS: dict[str, Entry] = {
    "api.not_set": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Readings are to go through the API, but it has no address."),
        QT_TRANSLATE_NOOP("Problems", "Nothing is sent; what was made is kept."),
        QT_TRANSLATE_NOOP("Problems", "Enter the API's address in the settings."),
        _SETTINGS,
    ),
    "api.bad_url": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The address of the API cannot be used: {url}."),
        _NOT_USED,
        QT_TRANSLATE_NOOP("Problems", "Enter one such as https://farm.example:5000."),
        ("api_settings",),
    ),
    "api.bad_url:credentials": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The address of the API has a password in it."),
        _NOT_USED,
        QT_TRANSLATE_NOOP("Problems", "Take it out; a key has its own field."),
        ("api_settings",),
    ),
    "api.not_private": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{host} is not on the local network, and http is open."),
        QT_TRANSLATE_NOOP("Problems", "The API is not used; nothing was sent."),
        QT_TRANSLATE_NOOP("Problems", "Use an address that begins with https."),
        ("api_settings",),
    ),
}

_FORWARD_OFF = QT_TRANSLATE_NOOP(
    "Problems", "Readings are not sent on to it; receiving and storing go on."
)

_FORWARD: dict[str, Entry] = {
    "api.forward_own_database": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The API writes into our own database {database}."),
        _FORWARD_OFF,
        QT_TRANSLATE_NOOP(
            "Problems", "Every reading would be there twice. It has them already: switch this off."
        ),
        ("api_settings", "dismiss"),
    ),
    "api.forward_own_api": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{address} is this program's own API."),
        _FORWARD_OFF,
        QT_TRANSLATE_NOOP("Problems", "Enter the address of the other system, or switch this off."),
        ("api_settings", "dismiss"),
    ),
}

_LOCAL_API: dict[str, Entry] = {
    "local_api.port_busy": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Port {port} is used by another program."),
        QT_TRANSLATE_NOOP("Problems", "The local API does not run; everything else does."),
        QT_TRANSLATE_NOOP("Problems", "Close that program, or choose another port."),
        ("local_api_settings", "retry"),
        retries=True,
    ),
    "local_api.cannot_listen": Entry(
        "warn",
        QT_TRANSLATE_NOOP(
            "Problems", "The local API cannot be offered at {host}:{port}: {reason}."
        ),
        QT_TRANSLATE_NOOP("Problems", "It does not run; everything else does."),
        QT_TRANSLATE_NOOP("Problems", "Choose an address of this computer, or another port."),
        ("local_api_settings", "retry"),
        retries=True,
    ),
    "local_api.no_token": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The local API has no token for other computers."),
        QT_TRANSLATE_NOOP("Problems", "It is not offered at {host}; everything else runs."),
        QT_TRANSLATE_NOOP("Problems", "Make a token, or offer it to this computer only."),
        _LOCAL,
    ),
    "local_api.no_consent": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Nobody agreed that other computers may use the local API."),
        QT_TRANSLATE_NOOP("Problems", "It is not offered at {host}; everything else runs."),
        QT_TRANSLATE_NOOP("Problems", "Agree to it, or offer it to this computer only."),
        _LOCAL,
    ),
    "local_api.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The local API stopped: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "Everything else runs."),
        QT_TRANSLATE_NOOP("Problems", "Try it again; if it stays so, send us the log file."),
        ("retry", "local_api_settings"),
        retries=True,
    ),
}

_BOTH: dict[str, Entry] = {
    "both.down": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "No source is reachable: broker and API both fail."),
        QT_TRANSLATE_NOOP("Problems", "The charts show data up to {until}."),
        QT_TRANSLATE_NOOP("Problems", "Check the internet or the local network."),
        ("retry", "broker_settings", "api_settings"),
        retries=True,
    ),
}

_OUTBOX: dict[str, Entry] = {
    "publisher.outbox_full": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The publisher's outbox is full."),
        QT_TRANSLATE_NOOP("Problems", "Its oldest readings were left out: {count}."),
        QT_TRANSLATE_NOOP("Problems", "Bring the broker or the API back, or stop the publisher."),
        ("retry", "dismiss"),
    ),
    "publisher.outbox_failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The publisher cannot keep its readings: {reason}."),
        QT_TRANSLATE_NOOP(
            "Problems", "What it cannot send at once would be lost; receiving goes on."
        ),
        QT_TRANSLATE_NOOP("Problems", "Check rights and room of the data folder."),
        ("retry", "storage_settings"),
    ),
}

API_ENTRIES: dict[str, Entry] = {
    **_REACHING,
    **_ANSWERS,
    **_TLS,
    **_ADDRESS,
    **_FORWARD,
    **_LOCAL_API,
    **_BOTH,
    **_OUTBOX,
}
