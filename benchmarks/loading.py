"""A collection as blocks, by the public import."""

import tempfile
from pathlib import Path

from exports import write_export
from judged import Collection

from briefsmith.operations.imports import import_documents
from briefsmith.postgres.database import Database
from briefsmith.providers.wordllama import WordLlamaEmbedder

LABEL = "doc"
"""Before the id of a text. Labels are searched too: one word that no question has."""


async def load_collection(
    opened: Database, embedder: WordLlamaEmbedder, collection: Collection
) -> None:
    """Imports every text that is not blank.

    Raises:
        SystemExit: One of them did not go in.
    """
    texts = ((LABEL + key, text) for key, text in collection.texts.items() if text.strip())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "collection.jsonl"
        write_export(path, texts)
        problems: list[str] = []
        async for report in import_documents(opened.session, embedder, [path]):
            problems = [problem.message for problem in report.problems]
    if problems:
        raise SystemExit("\n".join(problems))
