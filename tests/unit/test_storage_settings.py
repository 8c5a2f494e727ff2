"""Which storage of files the settings name, and that no secret gets out of them."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.config import Settings, load_settings
from briefsmith.errors import InvalidSetting
from briefsmith.providers.selection import make_file_storage
from briefsmith.providers.storage.keys import is_key, segments_of
from briefsmith.providers.storage.local import LocalFiles

HOME = Path("/somewhere")
KEY = {"BRIEFSMITH_STORAGE_KEY_ID": "ours", "BRIEFSMITH_STORAGE_SECRET": "hunter2"}
AWS = {
    "AWS_ACCESS_KEY_ID": "theirs",
    "AWS_SECRET_ACCESS_KEY": "hunter3",
    "AWS_SESSION_TOKEN": "hunter4",
}


def settings_of(**variables: str) -> Settings:
    return load_settings({"BRIEFSMITH_HOME": str(HOME), **variables})


def place_of(url: str, **variables: str) -> str:
    return make_file_storage(settings_of(BRIEFSMITH_STORAGE_URL=url, **variables)).place


def test_by_default_it_is_a_folder_of_the_home_whatever_the_database_is() -> None:
    here = make_file_storage(settings_of())
    hosted = make_file_storage(settings_of(BRIEFSMITH_DATABASE_URL="postgresql://h/d"))

    assert isinstance(here, LocalFiles)
    assert here.place == hosted.place == "/somewhere/files"


def test_an_address_names_a_folder_or_a_bucket() -> None:
    assert place_of("file:///mnt/two%20words%2F%C3%BC") == "/mnt/two words/ü"
    assert place_of("file://localhost/mnt") == "/mnt"
    assert place_of("s3://kept", **KEY) == "s3://kept at https://s3.us-east-1.amazonaws.com"
    assert place_of("s3://kept/", **KEY) == place_of("s3://kept", **KEY)
    assert (
        place_of(
            "s3://kept/a/b/",
            BRIEFSMITH_STORAGE_ENDPOINT="https://p.example/storage/v1/s3/",
            **KEY,
        )
        == "s3://kept/a/b at https://p.example/storage/v1/s3"
    )
    assert "eu-central-1" in place_of("s3://kept", AWS_REGION="eu-central-1", **KEY)


@pytest.mark.parametrize(
    "url",
    [
        *("/mnt/files", "files", "http://h/b", "file:relative", "file://host/mnt", "file:"),
        *("file:///a%00b", "file:///a%ff", "file:///mnt#", "s3:", "s3://", "s3:///prefix"),
        *("s3://b/../c", "s3://b/a b", "[", "s3://b?", "s3://b:9/p", "s3://[::/"),
        *("s3://b/p?x=hunter2", "s3://b/p#hunter2", "s3://ours:hunter2@b/p"),
    ],
)
def test_an_address_that_means_nothing_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        place_of(url, **KEY)

    assert caught.value.details == {"name": "BRIEFSMITH_STORAGE_URL"}
    assert "hunter2" not in repr(caught.value.as_dict())


@pytest.mark.parametrize(
    "endpoint",
    ["h:9000", "ftp://h", "https://", "https://ours:hunter2@h", "http://h?hunter2", "http://h:x"],
)
def test_an_endpoint_that_means_nothing_is_refused_and_not_repeated(endpoint: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        place_of("s3://kept", BRIEFSMITH_STORAGE_ENDPOINT=endpoint, **KEY)

    assert caught.value.details == {"name": "BRIEFSMITH_STORAGE_ENDPOINT"}
    assert "hunter2" not in repr(caught.value.as_dict())


def test_a_region_is_a_name() -> None:
    with pytest.raises(InvalidSetting, match="BRIEFSMITH_STORAGE_REGION"):
        place_of("s3://kept", BRIEFSMITH_STORAGE_REGION="eu.evil.example/", **KEY)


@pytest.mark.parametrize("missing", KEY)
def test_a_bucket_needs_a_whole_key_and_no_half_is_taken_from_elsewhere(missing: str) -> None:
    half = {name: value for name, value in KEY.items() if name != missing}

    with pytest.raises(InvalidSetting, match=missing):
        place_of("s3://kept", **half, **AWS)
    with pytest.raises(InvalidSetting, match="BRIEFSMITH_STORAGE_KEY_ID is not set"):
        place_of("s3://kept")


def test_a_key_is_aws_s_where_none_is_ours() -> None:
    theirs, ours = settings_of(**AWS).storage, settings_of(**AWS, **KEY).storage

    assert (theirs.key_id, theirs.secret, theirs.token) == ("theirs", "hunter3", "hunter4")
    assert (ours.key_id, ours.secret, ours.token) == ("ours", "hunter2", None)


def test_nothing_that_is_printed_holds_a_secret() -> None:
    settings = settings_of(BRIEFSMITH_STORAGE_URL="s3://kept", **AWS)
    storage: Any = make_file_storage(settings)

    said: list[object] = [
        settings,
        settings.storage,
        storage,
        storage.place,
        storage._store,
        vars(storage),
    ]
    said += [storage._store.config, storage._store.credential_provider]

    assert not re.search("hunter[0-9]", " ".join(f"{one!r} {one}" for one in said))


def test_a_file_is_sent_in_clear_only_where_the_address_says_so() -> None:
    secret = settings_of(BRIEFSMITH_STORAGE_URL="s3://kept", **KEY)
    clear = settings_of(
        BRIEFSMITH_STORAGE_URL="s3://kept", BRIEFSMITH_STORAGE_ENDPOINT="http://h", **KEY
    )

    storages: list[Any] = [make_file_storage(secret), make_file_storage(clear)]

    allowed = [storage._store.client_options["allow_http"] for storage in storages]
    assert allowed == ["false", "true"]


@given(st.text(alphabet=st.sampled_from("aZ9._-/\\\0 \n~%é"), max_size=12) | st.text(max_size=12))
def test_a_key_stays_below_where_it_begins(text: str) -> None:
    if not is_key(text):
        with pytest.raises(ValueError, match="no key"):
            segments_of(text)
        return

    path = Path("/root") / text
    assert path.resolve() == path
    assert path.is_relative_to("/root/")
    assert "/".join(segments_of(text)) == text
    assert all(segment.isascii() and segment[0] != "." for segment in segments_of(text))
