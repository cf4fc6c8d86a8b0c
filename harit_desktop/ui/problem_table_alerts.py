"""Words for what goes wrong when alerts are sent to people: by e-mail, to a webhook.

The alerts themselves are on screen and stored whatever happens here.
"""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_ACTIONS = ("dismiss",)
STILL_SHOWN = QT_TRANSLATE_NOOP("Problems", "Alerts stay on screen and are stored.")


def _entry(headline: str, advice: str) -> Entry:
    return Entry("warn", headline, STILL_SHOWN, advice, _ACTIONS)


_EMAIL: dict[str, Entry] = {
    "alerts.email_not_set": _entry(
        QT_TRANSLATE_NOOP("Problems", "No e-mail can be sent yet."),
        QT_TRANSLATE_NOOP("Problems", "Enter the recipient and the mail server."),
    ),
    "alerts.email_dns": _entry(
        QT_TRANSLATE_NOOP("Problems", 'No mail server named "{host}" was found.'),
        QT_TRANSLATE_NOOP("Problems", "Check its name and the network."),
    ),
    "alerts.email_refused": _entry(
        QT_TRANSLATE_NOOP("Problems", "The mail server at {host}:{port} does not answer."),
        QT_TRANSLATE_NOOP(
            "Problems", "Check name and port: 587 is usual with STARTTLS, 465 with TLS."
        ),
    ),
    "alerts.email_timeout": _entry(
        QT_TRANSLATE_NOOP("Problems", "The mail server {host} did not answer within {seconds} s."),
        QT_TRANSLATE_NOOP(
            "Problems", "Check the port and the encryption: 587 with STARTTLS, 465 with TLS."
        ),
    ),
    "alerts.email_tls": _entry(
        QT_TRANSLATE_NOOP("Problems", "No safe connection to the mail server {host} ({cause})."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "Check port and encryption, or ask who runs the server about its certificate.",
        ),
    ),
    "alerts.email_login": _entry(
        QT_TRANSLATE_NOOP("Problems", 'The mail server refused the user "{user}" or the password.'),
        QT_TRANSLATE_NOOP(
            "Problems", "Many providers want a password of its own for programs (app password)."
        ),
    ),
    "alerts.email_plain_login": _entry(
        QT_TRANSLATE_NOOP("Problems", "The password was not sent to {host} unencrypted."),
        QT_TRANSLATE_NOOP("Problems", "Choose STARTTLS or TLS, or log in without a user name."),
    ),
    "alerts.email_rejected": _entry(
        QT_TRANSLATE_NOOP("Problems", "The mail server did not take the message ({reason})."),
        QT_TRANSLATE_NOOP("Problems", "Check the addresses of sender and recipient."),
    ),
    "alerts.email_partly": _entry(
        QT_TRANSLATE_NOOP("Problems", "The mail server refused some recipients ({addresses})."),
        QT_TRANSLATE_NOOP("Problems", "The others got the message. Check these addresses."),
    ),
    "alerts.email_bad_address": _entry(
        QT_TRANSLATE_NOOP("Problems", '"{address}" is no e-mail address.'),
        QT_TRANSLATE_NOOP("Problems", "Several recipients are separated by commas."),
    ),
    "alerts.email_bad_address:many": _entry(
        QT_TRANSLATE_NOOP("Problems", "There are too many recipients."),
        QT_TRANSLATE_NOOP("Problems", "Enter one address of a mailing list instead."),
    ),
}
_WEBHOOK: dict[str, Entry] = {
    "alerts.webhook_not_set": _entry(
        QT_TRANSLATE_NOOP("Problems", "No webhook is set yet."),
        QT_TRANSLATE_NOOP("Problems", "Enter the address that alerts are to be sent to."),
    ),
    "alerts.webhook_dns": _entry(
        QT_TRANSLATE_NOOP("Problems", 'No computer named "{host}" was found for the webhook.'),
        QT_TRANSLATE_NOOP("Problems", "Check the address and the network."),
    ),
    "alerts.webhook_refused": _entry(
        QT_TRANSLATE_NOOP("Problems", "The webhook at {host}:{port} does not answer."),
        QT_TRANSLATE_NOOP("Problems", "Check the address, and that the service runs."),
    ),
    "alerts.webhook_timeout": _entry(
        QT_TRANSLATE_NOOP("Problems", "The webhook at {host} did not answer within {seconds} s."),
        QT_TRANSLATE_NOOP("Problems", "Check the address, and that the service runs."),
    ),
    "alerts.webhook_tls": _entry(
        QT_TRANSLATE_NOOP("Problems", "No safe connection to the webhook at {host} ({cause})."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was sent. Ask who runs it about its certificate."),
    ),
    "alerts.webhook_login": _entry(
        QT_TRANSLATE_NOOP("Problems", "The webhook refused the token."),
        QT_TRANSLATE_NOOP("Problems", "Enter the token again, or ask who runs it."),
    ),
    "alerts.webhook_rejected": _entry(
        QT_TRANSLATE_NOOP("Problems", "The webhook did not take the message ({reason})."),
        QT_TRANSLATE_NOOP("Problems", "Check the address and what the service expects."),
    ),
    "alerts.webhook_bad_address": _entry(
        QT_TRANSLATE_NOOP("Problems", '"{address}" is no address of a webhook.'),
        QT_TRANSLATE_NOOP("Problems", "Enter it as https://host/path, without user or password."),
    ),
    "alerts.webhook_not_private": _entry(
        QT_TRANSLATE_NOOP("Problems", "Alerts are not sent unencrypted to {host}."),
        QT_TRANSLATE_NOOP("Problems", "Use https, or http within your own network."),
    ),
}
_STORE: dict[str, Entry] = {
    "alerts.not_stored": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Alerts cannot be stored at present."),
        QT_TRANSLATE_NOOP(
            "Problems", "They are shown, and stored as soon as the store takes them."
        ),
        "",
        _ACTIONS,
    ),
}

_STORE["alerts.too_many"] = Entry(
    "warn",
    QT_TRANSLATE_NOOP("Problems", "{count} readings came too fast for the alert rules."),
    QT_TRANSLATE_NOOP("Problems", "They are stored, but no rule has looked at them."),
    "",
    _ACTIONS,
)

ALERT_ENTRIES: dict[str, Entry] = {**_EMAIL, **_WEBHOOK, **_STORE}
