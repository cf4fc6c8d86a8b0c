"""The words of the quality tests and of the advice: every code has them, none shows itself."""

import re

import pytest

from harit_desktop.analysis.advice_rules import built_in_rules
from harit_desktop.analysis.quality.rules import CODES
from harit_desktop.domain.advice import Advice
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.quality import Finding
from harit_desktop.ui import advice_texts, quality_texts
from harit_desktop.ui.advice_texts import advice_text
from harit_desktop.ui.quality_texts import (
    finding_text,
    flag_brief,
    flag_phrase,
    flag_word,
    reason_phrase,
    reason_text,
)

UNFILLED = re.compile(r"[{}]")


def test_every_code_of_the_quality_tests_has_words_and_none_is_idle() -> None:
    assert set(quality_texts.WORDS) == {*CODES, "unusual.hour"}


@pytest.mark.parametrize("code", [*CODES, "unusual.hour"])
def test_a_reason_is_a_phrase_and_a_sentence_without_its_code(code: str) -> None:
    phrase = reason_phrase(code)
    sentence = reason_text(code, "Moisture", 80.0, 12.5)
    assert phrase
    assert not phrase.endswith(".")
    assert sentence.endswith(".")
    for text in (phrase, sentence):
        assert code not in text
        assert not UNFILLED.search(text)


def test_a_reason_names_its_numbers_in_the_unit_that_they_have() -> None:
    spike = Finding("Moisture", Flag.SUSPECT, "spike.returned", 80.0, 2.5)
    assert finding_text(spike) == (
        "Moisture jumped to 80.0 % and came back; a change of up to 2.5 % is usual."
    )
    assert "96 readings; up to 24" in reason_text("flat.repeats", "pH", 96.0, 24.0)
    gap = reason_text("time.gap", "", 2520.0, 60.0)
    assert gap == "No reading for 42 min; usually there is one every 1 min."


def test_a_flag_is_a_word_with_its_reason() -> None:
    assert flag_phrase(Flag.SUSPECT, "spike.returned") == "suspect: jumps that return"
    assert flag_phrase(Flag.FAIL, "") == "faulty"
    assert flag_phrase(Flag.MISSING, "") == "not sent"
    assert flag_word(Flag.PASS) == ""
    assert flag_phrase(Flag.SUSPECT, "of.a.newer.version") == "suspect"


def test_every_code_that_can_set_a_flag_has_a_brief_form() -> None:
    no_flag = {"jump.wetting", "unusual.hour"} | {c for c in CODES if c.startswith("time.")}
    assert set(quality_texts._BRIEF) == set(CODES) - no_flag
    assert flag_brief(Flag.SUSPECT, "cross.in_air") == "suspect: in the air?"
    assert flag_brief(Flag.SUSPECT, "of.a.newer.version") == "suspect"
    assert flag_brief(Flag.PASS, "noise.high") == ""


def test_a_code_of_a_newer_version_is_not_shown() -> None:
    text = reason_text("new.code", "pH", 1.0, 2.0)
    assert "new.code" not in text
    assert text.startswith("pH was marked")
    assert reason_phrase("new.code") == ""


def test_every_rule_of_advice_has_its_sentence() -> None:
    codes = {code for code, _ in built_in_rules()}
    assert codes <= set(advice_texts.TEXTS)
    idle = set(advice_texts.TEXTS) - codes
    assert idle == set()


@pytest.mark.parametrize("code", advice_texts.TEXTS)
def test_advice_is_whole_sentences_whatever_is_known(code: str) -> None:
    params: dict[str, float | str] = {"value": 19.0, "low": 40.0, "high": 65.0, "days": 7}
    for advice in (Advice(code, "warn", "N", params), Advice(code, "warn")):
        text = advice_text(advice)
        assert text.endswith(".")
        assert code not in text
        assert not UNFILLED.search(text)


def test_advice_about_nutrients_speaks_of_a_test_and_never_of_a_dose() -> None:
    for code, text in advice_texts.TEXTS.items():
        if code.startswith("nutrient."):
            assert "Soil Health Card test" in text
            assert "{value}" not in text


def test_advice_names_value_and_good_range() -> None:
    dry = Advice("water.too_low", "crit", "Moisture", {"value": 19.0, "low": 40.0, "high": 65.0})
    assert advice_text(dry) == (
        "The soil is too dry: 19.0 %, good is 40–65 %. Irrigate as soon as you can."
    )
    paddy = Advice("water.low", "warn", "Moisture", {"value": 30.0, "low": 37.04})
    assert "good is 37.04 % or more" in advice_text(paddy)
    air = Advice("air.too_high", "crit", "CO2", {"value": 90000.0, "high": 20000.0})
    assert "CO₂ is 90,000 ppm, good is 20,000 ppm or less" in advice_text(air)
    acid = Advice("ph.too_low", "warn", "pH", {"value": 4.12, "low": 6.0, "high": 7.0})
    assert "pH 4.12, good is 6–7." in advice_text(acid)
    fallen = Advice("nutrient.falling", "info", "N", {"value": -21.6, "days": 7})
    assert advice_text(fallen).startswith("Nitrogen has fallen by 22 % in 7 days.")


def test_nitrogen_is_not_sent_to_a_card_that_does_not_measure_it_so() -> None:
    texts = {key: advice_text(Advice("sensor.calibrate", "info", key)) for key in ("N", "P")}
    assert "Soil Health Card" in texts["P"]
    assert "Soil Health Card" not in texts["N"]
    assert texts["N"].startswith("Nitrogen is an estimate. Compare it with a laboratory value")


def test_a_confirmed_nutrient_has_sentences_without_a_dose_or_another_test() -> None:
    for code, text in advice_texts._CONFIRMED.items():
        said = advice_text(Advice(code, "info", "K", {"value": 9.0, "low": 50.0}), {"K"})
        assert said == text.format(channel="Potassium")
        assert "Confirm" not in said
        assert "{value}" not in text


def test_advice_of_a_newer_version_is_not_shown_as_a_code() -> None:
    assert "new.code" not in advice_text(Advice("new.code", "info"))
