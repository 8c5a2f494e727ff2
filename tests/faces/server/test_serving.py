"""`briefsmith serve`, in a process of its own."""

import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.faces.calls import PATIENCE_SECONDS, Shell
from tests.faces.server.asked import ISSUER, SECRET, new_person, signed_in
from tests.faces.server.process import served, started
from tests.integration.stored import ask, wait_until_blocked


def test_it_serves_the_one_user_and_logs_lines_of_json(shell: Shell) -> None:
    with served(shell) as address:
        made = httpx.post(f"{address}/v1/blocks", json={"label": "a", "content": "b"})
        listed = httpx.get(f"{address}/v1/blocks")

    assert made.status_code == 201
    assert [one["id"] for one in listed.json()["items"]] == [made.json()["id"]]
    lines = (shell.folder / "server.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["route"] for line in lines] == ["/v1/blocks"] * 2


def test_it_listens_on_this_machine_alone_without_tokens(shell: Shell) -> None:
    refused = shell.run("serve", "--host", "0.0.0.0", "--json")  # noqa: S104  refused

    assert refused.code == 2
    assert refused.error["code"] == "B105"
    assert "listens on this machine alone" in refused.error["message"]


def test_it_says_so_where_another_program_has_the_port(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = shell.run("serve", "--port", str(taken.getsockname()[1]), "--json")

    assert refused.error["code"] == "B105"
    assert "Nobody can listen" in refused.error["message"]


def test_with_tokens_it_serves_everybody_each_their_own(shell: Shell, database_url: str) -> None:
    people = [new_person(database_url, f"{name}@localhost") for name in ("one", "other")]
    guarded = shell.having(BRIEFSMITH_JWT_SECRET=SECRET, BRIEFSMITH_JWT_ISSUER=ISSUER)

    with served(guarded, "--host", "0.0.0.0") as address:  # noqa: S104  with tokens
        local = address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104  as above
        for user_id in people:
            made = httpx.post(
                f"{local}/v1/blocks",
                json={"label": "a", "content": "b"},
                headers=signed_in(user_id),
            )
            assert made.status_code == 201
        listed = httpx.get(f"{local}/v1/blocks", headers=signed_in(people[0])).json()["items"]
        nobody = httpx.get(f"{local}/v1/blocks")

    assert [one["user_id"] for one in listed] == [str(people[0])]
    assert nobody.status_code == 401


def test_a_stopped_server_lets_a_request_end_that_is_under_way(
    shell: Shell, database_url: str
) -> None:
    with (
        psycopg.connect(database_url) as holder,
        started(shell) as (address, process),
    ):
        made = httpx.post(f"{address}/v1/blocks", json={"label": "a", "content": "b"}).json()
        holder.execute("select from context_blocks where id = %s for update", [made["id"]])
        answers: list[httpx.Response] = []

        def change() -> None:
            answers.append(
                httpx.patch(f"{address}/v1/blocks/{made['id']}", json={"content": "c"}, timeout=60)
            )

        thread = threading.Thread(target=change)
        thread.start()
        wait_until_blocked(database_url)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        holder.rollback()
        thread.join(PATIENCE_SECONDS)

        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert [answer.status_code for answer in answers] == [200]


def test_a_killed_server_leaves_nothing_half_done(shell: Shell, database_url: str) -> None:
    with started(shell) as (address, process):
        made = httpx.post(f"{address}/v1/blocks", json={"label": "a", "content": "b"}).json()
        with psycopg.connect(database_url) as holder:
            holder.execute("select from context_blocks where id = %s for update", [made["id"]])

            def change() -> None:
                try:
                    httpx.patch(
                        f"{address}/v1/blocks/{made['id']}", json={"content": "c"}, timeout=60
                    )
                except httpx.TransportError:
                    return

            thread = threading.Thread(target=change)
            thread.start()
            wait_until_blocked(database_url)
            process.kill()
            thread.join(PATIENCE_SECONDS)
            holder.rollback()
    for _ in range(100):
        if ask(database_url, "select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == [(0,)]:  # fmt: skip
            break
        time.sleep(0.1)

    [(content, version)] = ask(database_url, "select content, version from context_blocks")
    changes = ask(database_url, "select count(*) from events where topic = 'block.updated'")
    revisions = ask(database_url, "select count(*) from block_revisions")
    # The statement was sent; its transaction never was committed.
    assert (content, version, changes, revisions) == ("b", 1, [(0,)], [(0,)])


def test_a_stopped_server_ends_its_streams(shell: Shell) -> None:
    with started(shell) as (address, process):
        with httpx.stream("GET", f"{address}/v1/events", timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry:")
            process.send_signal(signal.SIGTERM)
            for _ in lines:
                continue

        assert process.wait(timeout=PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("head", [b"X-%d: " % 1 + b"a" * 10_000 + b"\r\n", b"a" * 10_000])
def test_who_goes_on_with_headers_is_cut_off(shell: Shell, head: bytes) -> None:
    with served(shell) as address:
        place = urlsplit(address)
        with socket.create_connection((place.hostname or "", place.port or 0)) as sent:
            sent.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
            with pytest.raises(OSError):  # noqa: PT011  whichever the system has for it
                for _ in range(5_000):
                    sent.sendall(head)
        healthy = httpx.get(f"{address}/healthz")

    assert healthy.status_code == 200


def test_a_body_may_be_longer_than_a_head(shell: Shell) -> None:
    with served(shell) as address:
        made = httpx.post(
            f"{address}/v1/blocks", json={"label": "Long", "content": "a" * 900_000}, timeout=60
        )

    assert made.status_code == 201


def test_keys_are_made_listed_and_revoked_by_command(shell: Shell) -> None:
    made = shell.run("key", "add", "nightly script", "--scope", "read", "--days", "7", "--json")
    shown = shell.run("key", "add", "another")
    with served(shell) as address:
        headers = {"Authorization": f"Bearer {made.value['key']}"}
        looked = httpx.get(f"{address}/v1/blocks", headers=headers)
        wrote = httpx.post(f"{address}/v1/blocks", json={}, headers=headers)
    listed = shell.run("key", "list", "--json")
    revoked = shell.run("key", "revoke", made.value["id"], "--json")
    with served(shell) as address:
        late = httpx.get(f"{address}/v1/blocks", headers=headers)

    assert (looked.status_code, wrote.status_code, late.status_code) == (200, 403, 401)
    assert shown.out.startswith("bsk_")
    assert "cannot be shown again" in shown.err
    assert [key["name"] for key in listed.values] == ["another", "nightly script"]
    assert "key" not in listed.values[0]
    assert listed.values[1]["last_used_at"] is not None
    assert revoked.value["revoked_at"] is not None


def test_what_is_no_key_is_refused_by_the_command(shell: Shell) -> None:
    for words in (("add", ""), ("add", "a", "--scope", "all"), ("add", "a", "--days", "0"), ("revoke", "x")):  # fmt: skip
        refused = shell.run("key", *words, "--json")
        assert refused.code == 2, words
    nothing = shell.run("key", "revoke", "00000000-0000-0000-0000-000000000000", "--json")
    assert nothing.code == 4
