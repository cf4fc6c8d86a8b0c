"""What keeps alerts from being sent or stored, as lines for the terminal."""

from __future__ import annotations

ALERTS = {
    "alerts.email_not_set": "no alert is sent by e-mail: set alerts.email_to and alerts.smtp_host",
    "alerts.email_dns": "no mail server named {host!r} was found; the alert is on screen",
    "alerts.email_refused": "no mail server answers at {host}:{port}; the alert is on screen",
    "alerts.email_timeout": "the mail server {host} did not answer within {seconds} s",
    "alerts.email_tls": "TLS with the mail server {host} failed: {cause}",
    "alerts.email_login": "the mail server refused the user {user!r} or the password",
    "alerts.email_plain_login": "the password is not sent to {host} unencrypted: "
    "set alerts.smtp_tls to starttls or tls",
    "alerts.email_rejected": "the mail server did not take the message: {reason}",
    "alerts.email_partly": "the mail server did not take these recipients: {addresses}",
    "alerts.email_bad_address": "{address!r} in alerts.email_to or alerts.email_from cannot be "
    "used ({why})",
    "alerts.webhook_not_set": "no alert is sent to a webhook: set alerts.webhook_url",
    "alerts.webhook_dns": "no computer named {host!r} was found for the webhook",
    "alerts.webhook_refused": "no webhook answers at {host}:{port}; the alert is on screen",
    "alerts.webhook_timeout": "the webhook at {host} did not answer within {seconds} s",
    "alerts.webhook_tls": "TLS with the webhook at {host} failed: {cause}",
    "alerts.webhook_login": "the webhook refused the token; set alerts.webhook_token again",
    "alerts.webhook_rejected": "the webhook did not take the message: {reason}",
    "alerts.webhook_bad_address": "{address!r} is no address of a webhook ({why}); "
    "one looks like https://host/path",
    "alerts.webhook_not_private": "{host} is not in this network: use https:// for the webhook",
    "alerts.not_stored": "alerts cannot be stored now ({cause}); they are kept and stored later",
    "alerts.too_many": "{count} readings came too fast for the alert rules; they are stored, "
    "but no rule has looked at them",
}
