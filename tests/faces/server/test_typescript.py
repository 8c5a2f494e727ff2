"""The types that openapi-typescript makes of the description compile, and say what a client needs."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faces.server.asked import Asked

_CACHE = Path(__file__).parents[3] / ".venv" / "cache" / "typescript"
_PACKAGES = ("openapi-typescript@7.10.1", "typescript@5.9.3")

_CLIENT = """\
import type { components, operations, paths } from "./briefsmith";

type Block = components["schemas"]["ContextBlock"];
type Problem = components["schemas"]["Problem"];
type NewBlock = operations["add_block"]["requestBody"]["content"]["application/json"];
type Made = operations["add_block"]["responses"][201]["content"]["application/json"];
type Stale = operations["edit_block"]["responses"][412]["content"]["application/problem+json"];
type Listed = paths["/v1/blocks"]["get"]["responses"][200]["content"]["application/json"];

const wanted: NewBlock = { label: "Tone", content: "Short sentences.", type: "style_guide" };

export async function add(address: string): Promise<Block> {
  const answer = await fetch(`${address}/v1/blocks`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": "1" },
    body: JSON.stringify(wanted),
  });
  if (!answer.ok) {
    const problem: Problem = await answer.json();
    throw new Error(`${problem.code} ${problem.detail}`);
  }
  const made: Made = await answer.json();
  const version: number = made.version;
  return { ...made, version };
}

export function next(page: Listed): string | null {
  const first: Block | undefined = page.items[0];
  return first ? page.next_cursor ?? null : null;
}

export const code = (stale: Stale): string => stale.code;

// @ts-expect-error  a type of block that there is not
export const wrong: NewBlock = { label: "a", content: "b", type: "novel" };
"""


def _programs() -> Path:
    """Folder of the two programs; skips where they cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm and node are not here")
    _CACHE.mkdir(parents=True, exist_ok=True)
    found = _CACHE / "node_modules" / ".bin"
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_CACHE / "complete").exists():
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(
                [*command, "--prefix", _CACHE, *_PACKAGES],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"not to be had from npm: {done.stderr.strip().splitlines()[:1]}")
            (_CACHE / "complete").touch()
    return found


async def test_the_types_of_the_description_compile(asked: Asked, tmp_path: Path) -> None:
    programs = _programs()
    description = (await asked.client.get("/openapi.json")).json()
    (tmp_path / "openapi.json").write_text(json.dumps(description), encoding="utf-8")
    (tmp_path / "client.ts").write_text(_CLIENT, encoding="utf-8")

    made = subprocess.run(
        [
            programs / "openapi-typescript",
            "openapi.json",
            "--output",
            "briefsmith.ts",
            "--default-non-nullable=false",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    checked = subprocess.run(
        [
            programs / "tsc",
            *("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"),
            *("--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom"),
            "client.ts",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert (checked.returncode, checked.stdout) == (0, "")
