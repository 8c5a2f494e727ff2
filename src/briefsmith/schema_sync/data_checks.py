"""What no constraint holds: rows that disagree with each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from briefsmith.postgres.inspection import Inspection
from briefsmith.schema_sync.findings import Finding, Severity
from briefsmith.schema_sync.mends import Mend
from briefsmith.sql import load

_SQL = load("data_checks")


@dataclass(frozen=True, slots=True)
class DataCheck:
    """One thing to look for.

    Attributes:
        query: Name of its statement; a statement `mend_<query>` takes it away where there is one.
        table: Where the rows are.
        says: What is wrong with them, to be put behind their number.
        advice: What to do where no statement mends it.
    """

    query: str
    table: str
    says: str
    advice: str = ""
    severity: Severity = "error"


DATA_CHECKS = (
    DataCheck(
        "file_ids_without_file", "public.context_blocks", "have file_ids of no file of theirs"
    ),
    DataCheck(
        "files_that_their_block_does_not_list",
        "public.block_files",
        "name a block that does not list them",
    ),
    DataCheck(
        "snapshot_blocks_without_revision",
        "public.task_briefs",
        "used a version of a block that is not kept, and cannot be compiled again",
        "What is lost is lost; somebody deleted revisions.",
    ),
    DataCheck(
        "links_that_their_snapshot_does_not_hold",
        "public.block_brief_link",
        "are not in the snapshot of their brief",
        "Somebody changed a link or a snapshot by hand; look at the briefs.",
    ),
    DataCheck("links_without_usage", "public.block_brief_link", "have no usage in the history"),
    DataCheck(
        "versions_without_revision",
        "public.context_blocks",
        "have a gap in their history",
        "What is lost is lost; somebody deleted revisions.",
    ),
    DataCheck(
        "vectors_of_another_model",
        "public.context_blocks",
        "have no vector of the present model, and are found by their words alone",
        "Run `briefsmith reembed`.",
        "warning",
    ),
    DataCheck(
        "blocks_out_of_the_index",
        "briefsmith.search_documents",
        "are not in step with the lexical index",
        "A trigger was off while they were written; touch their label or tags and they are indexed.",
    ),
    DataCheck(
        "totals_out_of_step",
        "briefsmith.search_totals",
        "do not add up to the documents of their person",
    ),
    DataCheck(
        "settings_that_lose_data",
        "pg_settings",
        "may lose what was acknowledged when the server dies",
        "Set them on in postgresql.conf or with ALTER SYSTEM.",
    ),
)


async def check_data(inspection: Inspection, model: str) -> list[Finding]:
    """One finding for each thing that is wrong.

    Args:
        model: Name of the embedding model that is asked with.

    Raises:
        NotPermitted: Row level security hides rows from this login.
    """
    queries = [_SQL[check.query] for check in DATA_CHECKS]
    counted = await inspection.count_rows(queries, {"model": model})
    return [
        _finding(check, one.found, one.examples)
        for check, one in zip(DATA_CHECKS, counted, strict=True)
        if one.found
    ]


def _finding(check: DataCheck, found: int, examples: list[str]) -> Finding:
    mends: Mapping[str, object] = _SQL
    name = f"mend_{check.query}"
    return Finding(
        check.severity,
        "rows",
        check.table,
        "data",
        found=f"{found} ({', '.join(examples)}{', …' if found > len(examples) else ''})",
        mend=Mend(f"{_SQL[name].text};", None) if name in mends else None,
        says=f"{found} {check.says}: {', '.join(examples)}{', …' if found > len(examples) else ''}. "
        f"{check.advice}".strip(),
    )
