from __future__ import annotations

import logging

from harit_desktop.observability.redact import RedactingFormatter, Redactor


def formatted(redactor: Redactor, message: str, *args: object) -> str:
    record = logging.LogRecord("t", logging.INFO, "f", 1, message, args, None)
    return RedactingFormatter(redactor).format(record)


def test_a_known_secret_and_url_credentials_are_masked() -> None:
    redactor = Redactor()
    redactor.add("S3cret-word")
    line = formatted(redactor, "login with %s at mqtt://user:pa55@host/", "S3cret-word")
    assert "S3cret-word" not in line
    assert "pa55" not in line
    assert "host" in line


def test_outside_text_cannot_forge_a_line_or_colour_the_terminal() -> None:
    line = formatted(Redactor(), "device %s", "x\r\n2026 ERROR admin\x1b[2J\u2028y")
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    assert "\u2028" not in line


def test_a_line_is_bounded() -> None:
    assert len(formatted(Redactor(), "%s", "x" * 1_000_000)) <= 2000


def test_the_traceback_keeps_its_lines() -> None:
    redactor = Redactor()
    redactor.add("S3cret-word")
    try:
        raise ValueError("S3cret-word")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        record = logging.LogRecord("t", logging.ERROR, "f", 1, "failed", (), info)
    text = RedactingFormatter(redactor).format(record)
    assert "Traceback" in text
    assert text.count("\n") >= 3
    assert "S3cret-word" not in text
