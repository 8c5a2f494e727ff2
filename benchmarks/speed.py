"""How fast the verbs are, beside the same work by bare psycopg on the same server in the same run.

    python benchmarks/speed.py [--sizes 10000,100000] [--data FOLDER] [--database-url URL] [--json]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

import report
from judged import FOLDER
from measuring import Size, measure_size
from scratch import database, server
from wording import Wording


def main() -> int:
    """Always 0: figures are no verdict."""
    options = _options()
    wording = Wording(options.data)
    print(f"words from {wording.source}", file=sys.stderr)
    sizes: list[Size] = []
    with server(options.database_url) as server_url:
        for blocks in options.sizes:
            with database(server_url) as url, tempfile.TemporaryDirectory() as folder:
                made = measure_size(url, blocks, wording, Path(folder), rounds=options.rounds)
                sizes.append(asyncio.run(made))
            if not options.json:
                report.show(sizes[-1])
    if options.json:
        print(json.dumps({"words": wording.source, "sizes": [report.as_dict(s) for s in sizes]}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[10_000, 100_000],
        metavar="N,N",
        help="numbers of blocks of one user (10000,100000)",
    )
    parser.add_argument("--rounds", type=int, default=100, help="of each operation, at most (100)")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
