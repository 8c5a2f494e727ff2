# ruff: noqa: RUF001  letters of many scripts are what this is about
"""What a text is found by: the same terms for texts and for questions."""

import unicodedata
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.search import SearchSettings
from tests.conftest import Server
from tests.integration.lexical import terms

_LOCALES = st.sampled_from([None, "en", "de", "fr-CA", "sv", "tr", "ru", "ja", "tlh"])
_HAN = "我的兄弟走过马路東京都猫"
_UNSPACED = _HAN + "ひらがなカタカナーภาษาไทย한국어"

_plain_words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9)
_parts = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8), min_size=2, max_size=4
)
_accented = st.text("aeiounsczАИЕабвиеαιοéèêëàâäåáíîïóôöõúûüñçßøæœłđšžčřěůőűşğıёάίό", min_size=1)
_words = st.one_of(
    _plain_words,
    _accented,
    st.text(_UNSPACED, min_size=1, max_size=8),
    st.from_regex(
        r"[A-Za-z]{1,6}([A-Z][a-z]{1,5}|_[a-z0-9]{1,5}|-[0-9]{1,4}|[./@][a-z]{1,5}|[0-9]){0,4}",
        fullmatch=True,
    ),
    st.from_regex(r"-?[0-9]{1,4}([.,/-][0-9]{1,4}){0,3}%?", fullmatch=True),
)


@pytest.fixture(scope="module")
def asked(any_server: Server) -> Generator[Connection[Any]]:
    url = any_server.migrated_database()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    any_server.drop(url)


def _by_parser(connection: Connection[Any], locale: str | None, text: str) -> set[str]:
    """Those of PostgreSQL's parser alone."""
    rows = connection.execute(
        "select lexeme from unnest(to_tsvector(briefsmith.text_configuration(%s), %s))",
        [locale, text],
    ).fetchall()
    return {row[0] for row in rows}


def _folded(word: str) -> str:
    """Without accents."""
    letters = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
    apart = unicodedata.normalize("NFD", word.translate(str.maketrans(letters)))
    bare = "".join(one for one in apart if not "\u0300" <= one <= "\u036f")
    return unicodedata.normalize("NFC", bare)


# One connection for all examples of a test: a term is a function of its text.
_examples = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_examples
@given(words=st.lists(_words, min_size=1, max_size=6), locale=_LOCALES)
def test_a_word_of_a_text_finds_the_text(
    asked: Connection[Any], words: Sequence[str], locale: str | None
) -> None:
    found = terms(asked, locale, " ".join(words))

    for word in words:
        wanted = terms(asked, locale, word)

        assert wanted.keys() & found.keys() or not wanted


@_examples
@given(words=st.lists(_plain_words, max_size=12), mark=st.sampled_from([" ", ", ", ". ", " – "]))
def test_plain_prose_has_the_terms_of_the_parser_and_no_others(
    asked: Connection[Any], words: Sequence[str], mark: str
) -> None:
    text = mark.join(words)

    assert terms(asked, None, text).keys() == _by_parser(asked, None, text)


@_examples
@given(parts=_parts)
def test_case_and_underscores_of_a_name_do_not_matter(
    asked: Connection[Any], parts: Sequence[str]
) -> None:
    camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
    names = [camel, camel[0].upper() + camel[1:], "_".join(parts), "_".join(parts).upper()]

    by_words = terms(asked, None, " ".join(parts))
    whole = terms(asked, None, "".join(parts))

    for name in names:
        found = terms(asked, None, name)
        assert by_words.keys() <= found.keys()
        assert whole.keys() <= found.keys()


@_examples
@given(word=_accented, locale=_LOCALES)
def test_a_word_with_accents_is_found_without_them_and_as_it_is(
    asked: Connection[Any], word: str, locale: str | None
) -> None:
    found = terms(asked, locale, word)

    assert terms(asked, locale, _folded(word)).keys() <= found.keys()
    assert _by_parser(asked, locale, word) <= found.keys()


@_examples
@given(run=st.text(_UNSPACED, min_size=2, max_size=12), data=st.data())
def test_two_characters_or_more_of_a_script_without_blanks_find_what_has_them(
    asked: Connection[Any], run: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))

    found = terms(asked, None, f"in English: {run}, too")

    assert terms(asked, None, run[start:end]).keys() & found.keys()


@_examples
@given(text=st.text("abcxyzABC 0123456789.", max_size=20))
def test_full_width_letters_are_letters(asked: Connection[Any], text: str) -> None:
    wide = "".join(chr(ord(one) + 0xFEE0) if one != " " else "\u3000" for one in text)

    assert terms(asked, None, wide) == terms(asked, None, text)


@pytest.mark.parametrize(
    "text",
    [
        "猫犬" * 150_000,
        "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(250_000)),
        " ".join(f"ab{n}.example/p{n}/q{n}" for n in range(20_000)),
        " ".join(f"getA{n}B{n}_c{n}" for n in range(30_000)),
        " ".join(f"é{n}ü{n}" for n in range(40_000)),
        "a" * 300_000,
        "aB" * 150_000,
        "a_" * 150_000,
        "é_" * 150_000,
        "a1@" * 80_000,
        "1,000," * 50_000,
        "".join(chr(0x20000 + n * 7919 % 40_000) for n in range(250_000)),
    ],
    ids=range(12),
)
def test_no_text_is_too_long_or_too_odd(asked: Connection[Any], text: str) -> None:
    row = asked.execute("select count(*) from briefsmith.terms_of(null, %s)", [text]).fetchone()

    assert row is not None


# A block, and questions that have to find it before all others.
_FOUND_BY = {
    "Call getUserId before anything else.": ["user id", "getUserId", "get_user_id", "GETUSERID"],
    "The class HTTPServer listens.": ["http server", "HttpServer", "http_server"],
    "Set max_page_size in the settings.": ["maxPageSize", "page size", "MAX_PAGE_SIZE"],
    "The source stands in src/harbour/tides/boat.py here.": ["boat.py", "tides", "harbour/tides"],
    "Write to keeper@lighthouse.example for keys.": ["lighthouse", "keeper", "lighthouse.example"],
    "It runs at https://wombat.example/burrow?lang=de all day.": ["wombat.example", "burrow"],
    "We took GPT-4 for it.": ["gpt 4", "GPT4", "gpt-4"],
    "The anchor was weighed on 2026-05-17.": ["2026-05-17", "20260517"],
    "It cost 12,345 crowns.": ["12345", "12,345", "12.345"],
    "Since v7.25 there are oars.": ["7.25", "v7.25"],
    "Only 8.75% were late.": ["8.75", "8,75 %"],
    "東京都の猫は魚が好きです": ["東京", "猫", "魚が好き"],
    "ภาษาไทยไม่ยาก": ["ภาษา", "ไทย"],
    "Le café de l'élève naïve.": ["cafe eleve", "élève", "CAFÉ"],
    "Smørrebrød aus Łódź mit Ölung.": ["smorrebrod", "lodz", "olung"],
    "Ｆｕｌｌ ｗｉｄｔｈ letters": ["full width"],
    "The R&D budget": ["R&D", "r&d budget"],
}


@pytest.fixture(scope="module")
def _blocks_url(server: Server) -> Generator[str]:
    url = server.migrated_database()
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = public, extensions")
        connection.execute(
            """
            insert into public.context_blocks (user_id, label, content)
            select account.id, 'n. ' || number, content
            from auth.users as account, unnest(%s::text[]) with ordinality as t (content, number)
            """,
            [list(_FOUND_BY)],
        )
    yield url
    server.drop(url)


@pytest.fixture
async def store(_blocks_url: str) -> AsyncGenerator[Database]:
    async with open_database(_blocks_url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "question"),
    [(text, question) for text, questions in _FOUND_BY.items() for question in questions],
)
async def test_a_question_in_another_form_finds_the_block_first(
    text: str, question: str, store: Database, embedder: WordLlamaEmbedder
) -> None:
    async with store.session() as session:
        words_alone = SearchSettings(vector_weight=0.0, expansion_terms=0)

        found = await search_blocks(session, embedder, question, settings=words_alone, limit=1)

    assert [hit.block.content for hit in found.hits] == [text]
