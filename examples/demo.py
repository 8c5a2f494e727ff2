"""The three commands of the README, one after the other in one process, in a store of their own."""

import os
import re
import shlex
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def demo_intent() -> str:
    """The task that examples/README.md names."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```text\n(.+?)\n```", text, re.DOTALL)
    if found is None:
        message = "examples/README.md names no intent"
        raise SystemExit(message)
    return found[1].strip()


def main() -> int:
    """Exits with the code of the first command that does not end well."""
    for name in ("BRIEFSMITH_DATABASE_URL", "DATABASE_URL", "BRIEFSMITH_USER"):
        os.environ.pop(name, None)
    os.environ["BRIEFSMITH_HOME"] = str(HERE.parent / ".demo")

    from briefsmith.faces.cli.main import run

    for words in (
        ["init"],
        ["import", os.path.relpath(HERE / "context")],
        ["compose", demo_intent()],
    ):
        sys.stderr.write(f"$ briefsmith {shlex.join(words)}\n")
        code = run(words)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
