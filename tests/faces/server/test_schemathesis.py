"""Every route, asked by a program that tries to break it; takes a minute, for it asks more than a thousand times."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.faces.calls import Shell
from tests.faces.server.asked import ISSUER, SECRET, new_person, token
from tests.faces.server.process import served
from tests.integration.chat_story import answers
from tests.integration.http_story import serving

HERE = Path(__file__).parent
_DAY = 86_400


def peers(**people: UUID) -> str:
    """Who must not see each other's objects, as the Web Fuzzing Commons write it."""
    until = int(time.time()) + _DAY
    entries = [
        {
            "name": name,
            "fixedHeaders": [
                {"name": "Authorization", "value": f"Bearer {token(user_id, exp=until)}"}
            ],
        }
        for name, user_id in people.items()
    ]
    return json.dumps({"auth": entries})


def propose(url: str, user_id: UUID) -> None:
    """Something to decide on."""
    data = {"format": 1, "rule": "keep_one", "new": {"label": "Proposed", "content": "Text."}}
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(3):
            connection.execute(
                "insert into block_change_queue (user_id, action, proposed_data, reason)"
                " values (%s, 'create', %s, 'a reason')",
                [user_id, json.dumps(data)],
            )


@pytest.fixture
def guarded(shell: Shell) -> Shell:
    """A server that wants tokens, and has no limit of requests."""
    return shell.having(
        BRIEFSMITH_JWT_SECRET=SECRET,
        BRIEFSMITH_JWT_ISSUER=ISSUER,
        BRIEFSMITH_REQUESTS_PER_MINUTE="0",
    )


def test_no_request_breaks_the_server_or_its_description_or_shows_another_s_objects(
    guarded: Shell, database_url: str, tmp_path: Path
) -> None:
    people = {name: new_person(database_url, f"{name}@localhost") for name in ("alice", "bob")}
    for user_id in people.values():
        propose(database_url, user_id)
    (tmp_path / "peers.json").write_text(peers(**people), encoding="utf-8")
    for name in ("schemathesis.toml", "schemathesis_hooks.py"):
        (tmp_path / name).write_text((HERE / name).read_text(encoding="utf-8"), encoding="utf-8")

    with serving(answers({"text": "# Another text\n", "summary": "Rewritten."})) as model:
        shell = guarded.having(
            BRIEFSMITH_MODEL="tiny",
            BRIEFSMITH_MODEL_BASE_URL=model.url,
            BRIEFSMITH_MODEL_TIMEOUT="5",
        )
        with served(shell) as address:
            headers = {"Authorization": f"Bearer {token(people['alice'])}"}
            description = httpx.get(f"{address}/openapi.json", headers=headers).text
            (tmp_path / "openapi.json").write_text(description, encoding="utf-8")
            done = subprocess.run(
                [
                    Path(sys.executable).with_name("schemathesis"),
                    *("--config-file", "schemathesis.toml", "run", "openapi.json"),
                    *("--url", address, "--no-color"),
                ],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
            )

    assert done.returncode == 0, done.stdout[-20_000:]
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout
