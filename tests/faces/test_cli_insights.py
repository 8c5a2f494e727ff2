"""`insights`: tables with bars, JSON, CSV."""

import csv
import io
import json

import pytest

from tests.faces.conftest import Cli

INTENT = "Write about brushes"


@pytest.fixture
def used(cli: Cli) -> Cli:
    """A store with a block that a brief used, and one that none did."""
    assert (
        cli(
            "block", "add", "--label", 'Brushes, "ours"', "--content", "Brushes are made of ash."
        ).code
        == 0
    )
    assert cli("block", "add", "--label", "Tea", "--content", "Tea.", "--type", "guide").code == 0
    assert cli("compose", INTENT, "--tone", "warm").code == 0
    return cli


def test_usage_shows_the_most_used_first_with_a_bar(used: Cli) -> None:
    done = used("insights", "usage")

    head, first, second = done.out.splitlines()
    assert done.code == 0
    assert head.split()[0] == "briefs"
    assert first.split()[:2] == ["1", "█" * 20]
    assert "Brushes" in first
    assert second.split()[:2] == ["0", "never"]


def test_usage_can_be_of_the_unused_alone(used: Cli) -> None:
    done = used("insights", "usage", "--unused", "--json")

    assert [json.loads(line)["label"] for line in done.out.splitlines()] == ["Tea"]


def test_csv_can_be_read_back_whatever_a_label_holds(used: Cli) -> None:
    done = used("insights", "usage", "--csv")

    [first, second] = list(csv.DictReader(io.StringIO(done.out, newline="")))
    assert first["label"] == 'Brushes, "ours"'
    assert first["usage_modes"] == "used-as-is"
    assert (second["brief_count"], second["last_used_at"]) == ("0", "")


def test_patterns_and_popularity_say_what_the_views_say(used: Cli) -> None:
    patterns = json.loads(used("insights", "patterns", "--json").out)
    popularity = used("insights", "popularity", "--json").out.splitlines()

    assert patterns["total_briefs"] == 1
    assert patterns["dominant_tone"] == "warm"
    assert [json.loads(line) for line in popularity] == [
        {"type": "text", "total_briefs": 1, "total_usages": 1},
        {"type": "guide", "total_briefs": 0, "total_usages": 0},
    ]
    assert "warm" in used("insights", "patterns").out
    assert "text" in used("insights", "popularity").out
    assert used("insights", "popularity", "--csv").out.splitlines()[1] == "text,1,1"


@pytest.mark.parametrize("name", ["usage", "patterns", "popularity"])
def test_an_empty_store_has_nothing_to_show(cli: Cli, name: str) -> None:
    done = cli("insights", name)

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("There are no ")


def test_two_ways_of_printing_at_once_are_refused(cli: Cli) -> None:
    done = cli("insights", "usage", "--csv", "--json")

    assert done.code == 2
    assert "not both" in done.err
