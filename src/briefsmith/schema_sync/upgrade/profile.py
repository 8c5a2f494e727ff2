"""A row of profile_core_data: blocks that say who somebody is, and a file."""

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from briefsmith.schema_sync.upgrade import fitting
from briefsmith.schema_sync.upgrade.drafts import Draft, place_of
from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.files import name_in
from briefsmith.schema_sync.upgrade.identities import made_id
from briefsmith.schema_sync.upgrade.kept import pack
from briefsmith.schema_sync.upgrade.labels import Labels
from briefsmith.schema_sync.upgrade.locales import language_tag
from briefsmith.schema_sync.upgrade.places import leaves, read_place
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Source
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS

TABLE = "profile_core_data"
TAG = "profile"
# As a person reads them in the first block, with the columns that they are from.
WORDS = {
    "Name": "display_name",
    "Brand or company": "brand_or_company",
    "Locale": "locale",
    "Tone of voice": "tone_preferences",
    "Links": "sns_links",
    "Logo": "logo_url",
}

# Where else a row holds something of its profile.
_HOLDERS = {
    "$.user_id": "user_id",
    "$.updated_at": "updated_at",
    "$.locale": "meta_locale",
    "$.tone_preferences": "content",
    "$.logo_url": "file_url",
}
_NAMES = ("display_name", "brand_or_company")
# All of these lines fit into a block.
_MOST_LINE_CHARS = MAX_CONTENT_CHARS // (len(WORDS) + 1)


def block_id(key: str, kind: str) -> UUID:
    """Of a row that a profile becomes: its name, tone, logo, or the first, second, ... links."""
    return made_id(TABLE, key, kind)


def map_profile(draft: Draft, labels: Labels) -> list[NewRow]:
    """The rows of one profile; what finds no place in them is kept."""
    profile = _Profile(draft, labels)
    profile.name()
    profile.tone()
    profile.links()
    profile.logo()
    profile.head()
    profile.rest()
    return profile.rows


class _Profile:
    def __init__(self, draft: Draft, labels: Labels) -> None:
        self.rows: list[NewRow] = []
        self._draft = draft
        self._data = draft.data
        self._labels = labels
        found = fitting.time(self._data.get("updated_at"))
        self._time = None if found is None else found.value
        self._tag = language_tag(self._data.get("locale"))
        self._placed: set[str] = set()

    def name(self) -> None:
        """Who it is, and what the other fields hold that says nothing."""
        lines = {
            name: f"{word}: {dumps(self._data[name])}"
            for word, name in WORDS.items()
            if name in self._data and not self._has_home(name)
        }
        lines = {name: line for name, line in lines.items() if len(line) <= _MOST_LINE_CHARS}
        if any(is_filled(self._data[name]) for name in lines):
            places = [place_of(name) for name in lines]
            self._add("name", "Name and brand", "high", "\n".join(lines.values()), places)
            self._placed.update(lines)

    def tone(self) -> None:
        """The text as it is: it is a style guide."""
        tone = self._data.get("tone_preferences")
        if isinstance(tone, str) and self._has_home("tone_preferences"):
            self._placed.add("tone_preferences")
            if len(tone) > MAX_CONTENT_CHARS:
                self._draft.kept.append(("$.tone_preferences", tone))
            content = tone[:MAX_CONTENT_CHARS]
            self._add("tone", "Tone of voice", "high", content, ["$.tone_preferences"])

    def links(self) -> None:
        """A line for each leaf, in as many blocks as it takes."""
        if not self._has_home("sns_links"):
            return
        self._placed.add("sns_links")
        lines: list[tuple[Source, str]] = []
        for place, leaf in leaves(self._data["sns_links"], "$.sns_links"):
            line = f"{place.removeprefix('$.')}: {dumps(leaf)}"
            if len(line) <= MAX_CONTENT_CHARS:
                lines.append((self._source(place), line))
            else:
                self._draft.kept.append((place, leaf))
        for number, (sources, block) in enumerate(pack(lines, MAX_CONTENT_CHARS), 1):
            places = [source.path for source in sources]
            self._add(f"links {number}", "Links", "medium", "\n".join(block), places)

    def logo(self) -> None:
        """A file of the user's library."""
        url = self._data.get("logo_url")
        if not isinstance(url, str) or not self._has_home("logo_url"):
            return
        self._placed.add("logo_url")
        values: dict[str, Json] = {
            "user_id": self._data["user_id"],
            "file_url": url,
            "file_name": name_in(url, "logo"),
            "label": "Logo",
            "note": self._note(),
            "size_bytes": Decimal(0),
            "storage_domain": "user-library",
            **self._times("created_at"),
        }
        sources = (self._source("$.logo_url"),)
        self.rows.append(NewRow("block_files", block_id(self._draft.key, "logo"), values, sources))

    def head(self) -> None:
        """Which row it was stands with its first block."""
        if not self.rows or self.rows[0].table != "context_blocks":
            return
        names = ["user_id"]
        if "id" in self._data and self._data["id"] == legacy_id(self._draft.key):
            names.append("id")
        if self._time is not None:
            names.append("updated_at")
        if "locale" not in self._placed and self._is_tag():
            names.append("locale")
        more = tuple(self._source(place_of(name)) for name in names)
        self.rows[0] = replace(self.rows[0], sources=self.rows[0].sources + more)
        self._placed.update(names)

    def rest(self) -> None:
        """What is left is kept, and all is said."""
        left = [name for name in sorted(self._data) if name not in self._placed]
        for name in left:
            self._draft.keep(name)
        if not self.rows:
            sentence = "The profile says nothing; the row is kept as text."
            self._draft.say(Code.ROW_KEPT_AS_TEXT, sentence)
            return
        listed = ", ".join(f"{row.table} {row.id}" for row in self.rows)
        self._draft.say(Code.BECAME_CONTEXT, f"The profile is {listed} now.")
        if any(is_filled(self._data[name]) for name in left):
            sentence = "What found no place in these is kept as text."
            self._draft.say(Code.VALUE_KEPT_AS_TEXT, sentence)

    def _is_tag(self) -> bool:
        return self._tag is not None and self._tag == self._data.get("locale")

    def _has_home(self, name: str) -> bool:
        """Whether a field becomes more than a line of the first block."""
        value = self._data.get(name)
        if name in {"tone_preferences", "logo_url"}:
            return isinstance(value, str) and is_filled(value)
        if name == "sns_links":
            return any(is_filled(leaf) for _, leaf in leaves(value))
        if name == "locale":
            others = (*_NAMES, "tone_preferences", "sns_links")
            return self._is_tag() and any(
                self._has_home(other) or (other in _NAMES and is_filled(self._data.get(other)))
                for other in others
            )
        return False

    def _add(self, kind: str, label: str, importance: str, content: str, places: list[str]) -> None:
        values: dict[str, Json] = {
            "user_id": self._data["user_id"],
            "type": "style_guide" if kind == "tone" else "reference",
            "label": self._labels.take(label),
            "content": content,
            "source": "imported",
            "importance": importance,
            "meta_tags": [TAG],
            "meta_agent_notes": self._note(),
            "meta_locale": self._tag,
            **self._times("created_at", "updated_at"),
        }
        sources = tuple(self._source(place) for place in places)
        new_id = block_id(self._draft.key, kind)
        self.rows.append(NewRow("context_blocks", new_id, values, sources))

    def _note(self) -> str:
        return f"From the row {self._draft.key} of {TABLE} in the old database."

    def _times(self, *columns: str) -> dict[str, Json]:
        return {} if self._time is None else dict.fromkeys(columns, self._time)

    def _source(self, place: str) -> Source:
        return Source(TABLE, self._draft.key, place)


def legacy_id(key: str) -> str | None:
    """The id that a row had; None where it was null."""
    before = key.partition("#")[0]
    return None if before == "null" else before


def is_filled(value: Json) -> bool:
    """Whether a value says anything: no null, no blank text, nothing empty."""
    if isinstance(value, str):
        return bool(value.split())
    return value is not None and value not in ({}, [])


def read_profile(row: NewRow, key: str, place: str) -> Json:
    """What a row that was made of a profile holds of it.

    Args:
        key: Of the profile.
        place: In the profile; one of the row's sources.
    """
    if place == "$.id":
        return legacy_id(key)
    content = row.values.get("content")
    lines = _lines_of(row.id, key, content) if isinstance(content, str) else {}
    line = lines.get(place)
    return row.values[_HOLDERS[place]] if line is None else loads(line)


@lru_cache(maxsize=1)
def _lines_of(row_id: UUID, key: str, content: str) -> dict[str, str]:
    """The values of lines as JSON, by their places in the profile."""
    if row_id == block_id(key, "tone"):
        return {}
    if row_id == block_id(key, "name"):
        pairs = [line.partition(": ") for line in content.split("\n")]
        return {place_of(WORDS[word]): value for word, _, value in pairs}
    lines: dict[str, str] = {}
    for line in content.split("\n"):
        _, end = read_place(f".{line}")
        lines[f"$.{line[: end - 1]}"] = line[end - 1 :].removeprefix(": ")
    return lines
