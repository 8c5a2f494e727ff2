"""Writes the names of all columns beside the statements, for the check that opening a store makes (`make contract`)."""

from pathlib import Path

from briefsmith.schema_sync.contract import Contract, packaged

PLACE = Path(__file__).parents[2] / "src" / "briefsmith" / "sql" / "COLUMNS"


def columns_text(contract: Contract) -> str:
    """A column a line, sorted."""
    items = contract.catalog.items.values()
    return "".join(
        f"{name}\n" for name in sorted(one.name for one in items if one.kind == "column")
    )


if __name__ == "__main__":
    PLACE.write_text(columns_text(packaged()), "utf-8")
