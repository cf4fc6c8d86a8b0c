"""Whose readings are taken."""

import pytest
from paho.mqtt.client import topic_matches_sub

from harit_desktop.domain.routing import Routing, topic_matches

FILTERS = ("#", "+", "a", "a/#", "a/+", "a/+/c", "a/b/c", "+/b/#", "a//c", "/a", "$SYS/#", "+/x")
TOPICS = ("a", "a/b", "a/b/c", "a/x/c", "b", "x/b/c/d", "a//c", "/a", "$SYS/x", "a/b/c/d", "")


@pytest.mark.parametrize("topic_filter", FILTERS)
@pytest.mark.parametrize("topic", TOPICS)
def test_filters_cover_what_the_client_library_says(topic_filter: str, topic: str) -> None:
    assert topic_matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)


def test_everything_is_taken_at_first() -> None:
    assert Routing().takes("any/topic", "anybody", "")


@pytest.mark.parametrize(
    ("topic", "device", "zone", "named"),
    [
        ("farm/x", "probe-1", "", True),
        ("farm/x", "north-07", "", True),
        ("farm/x", "NORTH-07", "", False),
        ("farm/x", "other", "Field 2", True),
        ("farm/x", "other", "", False),
        ("guests/anything", "other", "", True),
    ],
)
def test_one_list_that_names_it_is_enough(topic: str, device: str, zone: str, named: bool) -> None:
    lists = (("probe-1", "north-*"), ("guests/#",), ("Field 2",))
    assert Routing("allow", *lists).takes(topic, device, zone) is named
    assert Routing("block", *lists).takes(topic, device, zone) is not named


def test_empty_lists_allow_nothing_and_block_nothing() -> None:
    assert not Routing("allow").takes("t", "d", "z")
    assert Routing("block").takes("t", "d", "z")
