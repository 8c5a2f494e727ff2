"""Settings out of the environment."""

from pathlib import Path

import pytest

from briefsmith.config import Settings, load_settings, wants_traceback
from briefsmith.errors import InvalidSetting

HOME = {"BRIEFSMITH_HOME": "/somewhere"}


def test_nothing_set_is_an_embedded_store_with_the_built_in_model() -> None:
    found = load_settings(HOME)

    assert found == Settings(home=Path("/somewhere"), home_is_chosen=True)


def test_the_platform_names_the_home_where_nobody_does() -> None:
    found = load_settings({})

    assert found.home.is_absolute()
    assert found.home.name == "briefsmith"
    assert not found.home_is_chosen


def test_every_variable_reaches_its_setting() -> None:
    found = load_settings(
        {
            **HOME,
            "BRIEFSMITH_DATABASE_URL": "postgresql://a",
            "DATABASE_URL": "postgresql://b",
            "BRIEFSMITH_USER": "ann@example.com",
            "BRIEFSMITH_EMBEDDING_URL": "http://c",
            "BRIEFSMITH_EMBEDDING_MODEL": "m",
            "BRIEFSMITH_EMBEDDING_KEY": "k",
            "BRIEFSMITH_MODEL": "tiny",
            "BRIEFSMITH_MODEL_BASE_URL": "http://d",
            "BRIEFSMITH_MODEL_API_KEY": "mk",
            "BRIEFSMITH_MODEL_TIMEOUT": "9",
            "BRIEFSMITH_IDLE_SECONDS": "7",
            "BRIEFSMITH_PREPARED_STATEMENTS": "0",
            "VISUAL": "v",
            "EDITOR": "e",
        }
    )

    assert found == Settings(
        home=Path("/somewhere"),
        home_is_chosen=True,
        database_url="postgresql://a",
        user="ann@example.com",
        embedding_url="http://c",
        embedding_model="m",
        embedding_key="k",
        model="tiny",
        model_base_url="http://d",
        model_api_key="mk",
        model_timeout_seconds=9,
        idle_seconds=7,
        prepared_statements=False,
        editor="v",
    )


def test_an_empty_variable_counts_as_none() -> None:
    found = load_settings(
        {**HOME, "BRIEFSMITH_DATABASE_URL": "", "DATABASE_URL": "postgresql://b", "VISUAL": ""}
    )

    assert found.database_url == "postgresql://b"
    assert found.editor is None


@pytest.mark.parametrize(
    ("variables", "styled"),
    [({}, True), ({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)],
)
def test_colours_can_be_declined(variables: dict[str, str], *, styled: bool) -> None:
    assert load_settings({**HOME, **variables}).styled is styled


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "soon", "²", " "])
def test_a_number_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        load_settings({**HOME, "BRIEFSMITH_IDLE_SECONDS": text})

    assert "BRIEFSMITH_IDLE_SECONDS" in refused.value.message


def test_secrets_are_in_no_representation() -> None:
    found = load_settings(
        {
            **HOME,
            "DATABASE_URL": "postgresql://me:hunter2@host/db",
            "BRIEFSMITH_EMBEDDING_URL": "http://me:hunter2@host",
            "BRIEFSMITH_EMBEDDING_KEY": "hunter2",
            "BRIEFSMITH_MODEL_BASE_URL": "http://me:hunter2@host",
            "BRIEFSMITH_MODEL_API_KEY": "hunter2",
        }
    )

    assert "hunter2" not in repr(found)


def test_tracebacks_are_for_who_asks() -> None:
    assert not wants_traceback({})
    assert not wants_traceback({"BRIEFSMITH_TRACEBACK": ""})
    assert wants_traceback({"BRIEFSMITH_TRACEBACK": "1"})
