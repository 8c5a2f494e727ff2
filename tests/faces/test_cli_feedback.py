"""`brief feedback`: what a person says of a brief, and what the store makes of it."""

import json
from uuid import UUID

import pytest

from tests.faces.conftest import Cli
from tests.integration.stored import NO_ID, ask

INTENT = "Write about brushes"


@pytest.fixture
def brief_id(cli: Cli) -> str:
    """A brief of one block."""
    words = ("block", "add", "--label", "Brushes", "--content", "Brushes are made of ash.")
    assert cli(*words).code == 0
    return str(cli("compose", INTENT, "--json").value["id"])


def test_a_success_is_noted_with_the_share_of_each_block(cli: Cli, brief_id: str) -> None:
    done = cli("brief", "feedback", brief_id, "--success", "--comment", "It sold.")

    assert done.code == 0
    assert done.out.splitlines()[0] == "Noted: the brief did its work."
    assert done.out.splitlines()[-1].split() == ["100%", "0.556", "-", "Brushes"]
    assert done.err == ""


def test_said_again_and_changed_and_taken_back_it_says_which(cli: Cli, brief_id: str) -> None:
    first, again, other, back = [
        cli("brief", "feedback", brief_id, flag).out.splitlines()[0]
        for flag in ("--success", "--success", "--failure", "--withdraw")
    ]

    assert first == "Noted: the brief did its work."
    assert again == "Nothing changed: it was said already that the brief did its work."
    assert other == "Noted, in place of what was said before: the brief did not do its work."
    assert back == "Taken back: it is no longer said that the brief did not do its work."


def test_a_program_gets_one_document(cli: Cli, brief_id: str) -> None:
    value = cli("brief", "feedback", brief_id, "--failure", "--comment", "No", "--json").value

    [block] = value["blocks"]
    assert (value["change"], value["also_counted"]) == ("given", 0)
    assert value["feedback"]["task_brief_id"] == brief_id
    assert (value["feedback"]["success"], value["feedback"]["comment"]) == (False, "No")
    assert block["share"] == 1.0
    assert block["score_before"] is None
    assert block["feedback_score"] == pytest.approx(4 / 9)


def test_the_next_brief_explains_what_feedback_did(cli: Cli, brief_id: str) -> None:
    assert cli("brief", "feedback", brief_id, "--success").code == 0

    composed = cli("compose", INTENT, "--json").value
    explained = cli("brief", "show", str(composed["id"]), "--explain")

    [part] = cli("brief", "show", str(composed["id"]), "--json").value["core_context_snapshot"][
        "blocks"
    ]
    assert part["parts"]["feedback_weight"] == pytest.approx(1.0)
    assert part["parts"]["feedback"] > 1
    assert "(0.56 of 1.0)" in explained.err
    assert cli("brief", "replay", str(composed["id"])).code == 0


def test_what_other_programs_said_is_told_of(cli: Cli, brief_id: str, database_url: str) -> None:
    other_id = UUID(cli("compose", "Brushes of ash", "--json").value["id"])
    ask(
        database_url,
        "insert into public.brief_feedback (task_brief_id, user_id, success)"
        " select id, user_id, true from public.task_briefs where id = %s returning id",
        other_id,
    )

    done = cli("brief", "feedback", brief_id, "--success")

    assert done.err == "Feedback on 1 brief, written by other programs, was counted as well.\n"


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        ((), "B100", "Give one of"),
        (("--success", "--failure"), "B100", "Give one of"),
        (("--success", "--withdraw"), "B100", "Give one of"),
        (("--withdraw", "--comment", "x"), "B100", "--comment and --output go with"),
        (("--success", "--output", "nonsense"), "B103", "is not an id"),
        (("--success", "--output", str(NO_ID)), "B100", "has no output"),
        (("--success", "--comment", "x" * 20_001), "B100", "comment"),
        (("--withdraw",), "B305", "has no feedback"),
    ],
    ids=["none", "two", "two more", "comment on none", "no id", "no output", "long", "too early"],
)
def test_what_makes_no_sense_is_refused_with_its_reason(
    flags: tuple[str, ...], code: str, told: str, cli: Cli, brief_id: str
) -> None:
    done = cli("brief", "feedback", brief_id, *flags, "--json")

    assert done.code == (4 if code == "B305" else 2)
    assert (done.out, done.error["code"]) == ("", code)
    assert told in done.error["message"]


def test_a_brief_that_is_not_there_is_said_not_to_be(cli: Cli) -> None:
    done = cli("brief", "feedback", str(NO_ID), "--success", "--json")

    assert (done.code, json.loads(done.err)["code"]) == (4, "B302")
