"""What the readers of one file gather."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from briefsmith.audit.findings import Act, Reference
from briefsmith.audit.schema import FinalSchema
from briefsmith.audit.text import HOLE


@dataclass(slots=True)
class Gathered:
    """What one file refers to.

    Attributes:
        problems: Offset and reason of what could not be parsed; None means the whole file.
        created: Columns of the tables that are made here under a name of ours.
        dropped: Tables, and columns as `table.column`, that a statement takes away or renames,
            with the last place where one does.
    """

    schema: FinalSchema
    references: dict[int, Reference] = field(default_factory=dict[int, Reference])
    problems: list[tuple[int | None, str]] = field(default_factory=list[tuple[int | None, str]])
    created: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    dropped: dict[str, int] = field(default_factory=dict[str, int])

    def add_table(self, offset: int, table: str, act: Act = "uses") -> None:
        """A reference to a removed table."""
        self.add(Reference(offset, (table,), None, act))

    def add_column(
        self, offset: int, tables: tuple[str, ...], column: str, act: Act = "uses"
    ) -> None:
        """A reference to a column that none of the tables has; without tables, to a removed one."""
        self.add(Reference(offset, tables, column, act))

    def check_column(self, offset: int, table: str, column: str, act: Act = "uses") -> None:
        """A reference, unless the table has the column or is not ours."""
        columns = self.schema.tables.get(table)
        if columns is not None and column not in columns:
            self.add_column(offset, (table,), column, act)

    def add_removed(self, offset: int, name: str) -> None:
        """A reference, if the text is the name of something removed and of nothing else."""
        found = self.schema.removed_name(name)
        if found is None:
            return
        table, column = found
        place = offset + max(name.find(part) for part in (column or table or "",))
        if column is not None:
            self.add_column(place, (table,) if table else (), column)
        elif table is not None:
            self.add_table(place, table)

    def add(self, reference: Reference, offset: int | None = None) -> None:
        """A reference, at another place if one is given; of two at one place the one that says more."""
        place = reference.offset if offset is None else offset
        if reference.column is not None and HOLE in reference.column:
            return
        known = self.references.get(place)
        if known is None or (not known.tables and reference.tables):
            moved = place != reference.offset
            self.references[place] = replace(reference, offset=place) if moved else reference

    def drop(self, name: str, offset: int) -> None:
        """A table or `table.column` that goes here."""
        self.dropped[name] = max(offset, self.dropped.get(name, 0))
