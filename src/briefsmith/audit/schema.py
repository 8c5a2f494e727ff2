"""What the final schema has, and what stands in for what it has no longer."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

_OFTEN = 3  # a column that so many tables have tells nothing about which table is meant

_LEAST_FIELDS = 4
_SHARE = 0.6  # of a table's columns, that a class must have to be its row
_STRANGERS = 0.25  # of a class's fields, that it may have besides


@dataclass(frozen=True, slots=True)
class Replacement:
    """What to use instead, as a phrase that follows `use`."""

    says: str


# What the legacy schema had and the final one has not: tables by name, columns as `table.column`.
REMOVED: Mapping[str, Replacement] = {
    "profile_core_data": Replacement(
        "context_blocks (name, brand, tone, links), block_files (the logo) and"
        " context_blocks.meta_locale"
    ),
    "profile_core_data.id": Replacement("context_blocks.id"),
    "profile_core_data.user_id": Replacement("context_blocks.user_id"),
    "profile_core_data.display_name": Replacement("context_blocks.content"),
    "profile_core_data.brand_or_company": Replacement("context_blocks.content"),
    "profile_core_data.sns_links": Replacement("context_blocks.content"),
    "profile_core_data.tone_preferences": Replacement("context_blocks of the type style_guide"),
    "profile_core_data.logo_url": Replacement("block_files.file_url in the user library"),
    "profile_core_data.locale": Replacement("context_blocks.meta_locale"),
    "profile_core_data.updated_at": Replacement("context_blocks.updated_at"),
    "task_briefs.core_profile_data": Replacement("task_briefs.core_context_snapshot"),
}


@dataclass(frozen=True)
class FinalSchema:
    """Tables and views with their columns, and the replacements of what is gone.

    Attributes:
        tables: Columns by table or view; those of `public` by their name alone, others as
            `schema.name`.
        removed: By `table` or `table.column`.
    """

    tables: Mapping[str, frozenset[str]]
    removed: Mapping[str, Replacement]

    @cached_property
    def removed_tables(self) -> frozenset[str]:
        """Names of tables that are gone."""
        return frozenset(name for name in self.removed if "." not in name)

    @cached_property
    def removed_columns(self) -> Mapping[str, str]:
        """The table that had it, by the name of a column that no table has any longer.

        Of tables that are gone the name is told, not those of their columns, which anything may have.
        """
        split = (name.split(".") for name in self.removed if "." in name)
        held = frozenset[str]().union(*self.tables.values())
        return {
            column: table
            for table, column in split
            if column not in held and table not in self.removed_tables
        }

    @cached_property
    def telling(self) -> Mapping[str, frozenset[str]]:
        """For a table with a name that anybody's table may have: columns that tell it is ours."""
        often = Counter(column for columns in self.tables.values() for column in columns)
        return {
            table: frozenset(column for column in columns if often[column] < _OFTEN)
            for table, columns in self.tables.items()
            if "_" not in table
        }

    @cached_property
    def _words(self) -> tuple[str, ...]:
        named = {name.rpartition(".")[2] for name in self.tables if name not in self.telling}
        named |= self.removed_tables | self.removed_columns.keys()
        joined = {name.replace("_", "").removesuffix("s") for name in named if "_" in name}
        return tuple(sorted(named | joined))

    def is_mentioned(self, text: str) -> bool:
        """Whether a text can refer to anything of ours at all; False is certain, True is not."""
        lowered = text.lower()
        return any(word in lowered for word in self._words) or any(
            table in lowered
            and any(sign in lowered for sign in (f"public.{table}", "supabase", *columns))
            for table, columns in self.telling.items()
        )

    def removed_name(self, text: str) -> tuple[str | None, str | None] | None:
        """Table and column of a removed thing whose name this is; None where it is none.

        A name may be qualified by the schema `public` and, for a column, by its table.
        """
        parts = text.replace('"', "").split(".")
        if parts[0] == "public" and len(parts) > 1:
            parts = parts[1:]
        if parts[0] in self.removed_tables and ".".join(parts) in self.removed:
            return parts[0], parts[1] if len(parts) > 1 else None
        column = parts[-1]
        if column in self.removed_columns:
            table = self.removed_columns[column]
            if len(parts) == 1:
                return None, column
            if parts == [table, column]:
                return table, column
        return None

    def table_of_class(self, name: str) -> str | None:
        """The table whose row model a class is named as: `ContextBlock` or `ContextBlockRow`."""
        stem = re.sub(r"(?<=.)(Row|Rows|Record|Model|Table|Base|Schema|Entity)$", "", name)
        return self._classes.get(stem.lower().removesuffix("s"))

    def row_of(self, name: str, fields: Collection[str]) -> str | None:
        """The table whose row a class or type is, by its name and by nearly all of its fields."""
        table = self.table_of_class(name)
        if table is None or len(fields) < _LEAST_FIELDS:
            return None
        columns = self.tables[table]
        shared = sum(field in columns for field in fields)
        strangers = len(fields) - shared
        few = strangers <= max(_STRANGERS * len(fields), 1)
        return table if shared >= _SHARE * len(columns) and few else None

    @cached_property
    def _classes(self) -> Mapping[str, str]:
        named = (table for table in self.tables if "_" in table and "." not in table)
        return {table.replace("_", "").removesuffix("s"): table for table in named}


def final_schema(columns: Iterable[tuple[str, str]]) -> FinalSchema:
    """The schema out of its columns, as a contract lists them.

    Args:
        columns: `schema.table` and column; tables of `public` may come without the schema.
    """
    tables: defaultdict[str, set[str]] = defaultdict(set)
    for table, column in columns:
        tables[table.removeprefix("public.")].add(column)
    return FinalSchema({table: frozenset(names) for table, names in tables.items()}, REMOVED)
