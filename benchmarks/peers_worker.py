"""One peer in an environment of its own: does what it is told on stdin, and says how long that took.

    python peers_worker.py langgraph|mem0 DATABASE_URL FOLDER

`FOLDER` holds `texts.json` and `vectors.npy`, in step. Lines in: {"do": "import" | "add" | "search", "at": [place, ...]};
lines out: {"seconds": ..., "found": [place, ...]}. Run by `peers.py` alone.
"""
# pyright: basic, reportMissingImports=false

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np

os.environ |= {"MEM0_TELEMETRY": "False", "OPENAI_API_KEY": "none", "LANGSMITH_TRACING": "false"}


class Peer(Protocol):
    """What both can do."""

    def add(self, text: str) -> None:
        """Stores one text, durably."""
        ...

    def add_all(self, texts: list[str]) -> None:
        """Stores many, by the quickest way that the peer has."""
        ...

    def search(self, words: str) -> list[str]:
        """The ten nearest texts."""
        ...


class Vectors:
    """The same vectors as everybody's, by text."""

    def __init__(self, texts: list[str], vectors: np.ndarray) -> None:
        self._of = dict(zip(texts, vectors.tolist(), strict=True))

    def of(self, texts: list[str]) -> list[list[float]]:
        """One for each text."""
        return [self._of[text] for text in texts]


class LangGraph:
    """`PostgresStore` of LangGraph, with its usual index of vectors."""

    def __init__(self, url: str, vectors: Vectors) -> None:
        from langgraph.store.postgres import PostgresStore

        index: Any = {"dims": 256, "embed": vectors.of, "fields": ["text"]}
        self._manager = PostgresStore.from_conn_string(url, index=index)
        self._store = self._manager.__enter__()
        self._store.setup()
        self._count = 0

    def add(self, text: str) -> None:
        """One put."""
        self._count += 1
        self._store.put(("memories",), str(self._count), {"text": text})

    def add_all(self, texts: list[str]) -> None:
        """Batches of puts."""
        from langgraph.store.base import PutOp

        for start in range(0, len(texts), 500):
            some = texts[start : start + 500]
            ops = [
                PutOp(("memories",), str(self._count + n), {"text": text})
                for n, text in enumerate(some, start=1)
            ]
            self._count += len(some)
            self._store.batch(ops)

    def search(self, words: str) -> list[str]:
        """By vectors."""
        return [
            item.value["text"] for item in self._store.search(("memories",), query=words, limit=10)
        ]


class _Embedding:
    """In place of the model that mem0 would ask."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed(self, text: str, *_: object, **__: object) -> list[float]:
        return self._vectors.of([text])[0]

    def embed_batch(self, texts: list[str], *_: object, **__: object) -> list[list[float]]:
        return self._vectors.of(texts)


class Mem0:
    """`Memory` of mem0 with pgvector; nothing is inferred."""

    def __init__(self, url: str, vectors: Vectors) -> None:
        from mem0 import Memory

        store = {
            "connection_string": url,
            "embedding_model_dims": 256,
            "collection_name": "memories",
        }
        config = {"vector_store": {"provider": "pgvector", "config": store}}
        self._memory: Any = Memory.from_config(config)
        self._memory.embedding_model = _Embedding(vectors)

    def add(self, text: str) -> None:
        """One message, as it is."""
        self._memory.add(text, user_id="somebody", infer=False)

    def add_all(self, texts: list[str]) -> None:
        """There is no way for many at once without a model."""
        for text in texts:
            self.add(text)

    def search(self, words: str) -> list[str]:
        """Its own search: by vectors, then weighed by words."""
        found = self._memory.search(words, filters={"user_id": "somebody"}, top_k=10)
        return [one["memory"] for one in found["results"]]


def main() -> None:
    """Until stdin ends."""
    name, url, folder = sys.argv[1:]
    os.environ["MEM0_DIR"] = folder  # it keeps a history beside the database
    texts: list[str] = json.loads((Path(folder) / "texts.json").read_text("utf-8"))
    vectors = Vectors(texts, np.load(Path(folder) / "vectors.npy"))
    places = {text: place for place, text in enumerate(texts)}
    peer: Peer = LangGraph(url, vectors) if name == "langgraph" else Mem0(url, vectors)
    print(json.dumps({"seconds": 0, "found": []}), flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        wanted = [texts[place] for place in told["at"]]
        found: list[str] = []
        start = time.perf_counter()
        if told["do"] == "import":
            peer.add_all(wanted)
        elif told["do"] == "add":
            peer.add(wanted[0])
        else:
            found = peer.search(wanted[0])
        seconds = time.perf_counter() - start
        print(
            json.dumps({"seconds": seconds, "found": [places[text] for text in found]}), flush=True
        )


if __name__ == "__main__":
    main()
