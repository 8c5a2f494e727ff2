"""The embedded server, for real: started, killed, left alone, in odd places, by several at once."""

import errno
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from briefsmith import errors
from briefsmith.postgres import embedded
from briefsmith.postgres.embedded import (
    accounts,
    configuration,
    ensure_server,
    failures,
    processes,
    programs,
    server_log,
    server_state,
    stop_server,
)
from briefsmith.postgres.embedded.layout import Layout, layout_of
from briefsmith.postgres.embedded.locks import is_free, is_held, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no embedded server there")

AS_ROOT = os.geteuid() == 0
SOURCE = Path(str(embedded.__file__)).parents[3]

# A client of its own process: says where the server is, then stays until its input ends.
CLIENT = f"""
import sys
sys.path[:0] = [{str(SOURCE)!r}, {str(programs.package_folder().parent)!r}]
from pathlib import Path
from briefsmith.postgres.embedded import ensure_server
lease = ensure_server(Path(sys.argv[1]), idle_seconds=600)
print(lease.url, flush=True)
sys.stdin.read()
"""


def _ask(url: str, statement: str = "select 42") -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement.encode())
        row = found.fetchone() if found.description else None
    return row and row[0]


def _ask_store(home: Path, statement: str = "select 42") -> object:
    with ensure_server(home, idle_seconds=600) as held:
        return _ask(held.url, statement)


def _discard(home: Path) -> None:
    stop_server(home)
    data = (home / "postgres").resolve()
    if data.parent.parent == programs.SYSTEM_FOLDER:
        shutil.rmtree(data.parent)
    shutil.rmtree(home, ignore_errors=True)


def _remove(home: Path) -> None:
    """Removes a home under a running server, which goes on making files meanwhile."""

    def gone() -> bool:
        shutil.rmtree(home, ignore_errors=True)
        return not home.exists()

    _wait(gone)


def _wait(reached: Callable[[], bool]) -> None:
    assert wait_until(reached, seconds=30)


def _watchers(home: Path) -> list[int]:
    listed = subprocess.run(
        ["ps", "axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    lines = [line for line in listed.stdout.splitlines() if f" {home} " in line + " "]
    return [int(line.split()[0]) for line in lines if "embedded.watcher" in line]


def _kill_watcher(home: Path) -> None:
    for pid in _watchers(home):
        os.kill(pid, signal.SIGKILL)
    _wait(lambda: not is_held(Layout(home).watcher_lock))


@contextmanager
def _client(home: Path) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The path of a new store."""
    path = tmp_path / "home"
    yield path
    _discard(path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass through, with a short path."""
    path = Path(tempfile.mkdtemp(prefix="bs"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """A store that several tests use one after the other, and leave in any state."""
    folder = Path(tempfile.mkdtemp(prefix="bs"))
    folder.chmod(0o755)
    ensure_server(folder / "home", idle_seconds=600).close()
    yield folder / "home"
    _discard(folder / "home")
    folder.rmdir()


@pytest.mark.parametrize("version", [16, 18])
def test_a_new_store_answers_and_has_what_the_schema_needs(home: Path, version: int) -> None:
    with ensure_server(home, idle_seconds=600, postgres_version=version) as held:
        major = _ask(held.url, "select current_setting('server_version_num')::int / 10000")
        _ask(held.url, "create extension vector")
        letters = _ask(held.url, r"select 'Ä…' ~ '^\w\W$' and lower('ÄÖ') = 'äö'")
        order = _ask(held.url, "select 'Z' < 'a' and 'z' < 'ä'")

    assert (major, letters, order) == (version, True, True)
    assert server_state(home).version == str(version)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("synchronous_commit", "on"),
        ("fsync", "on"),
        ("jit", "off"),
        ("data_checksums", "on"),
        ("unix_socket_permissions", "0700"),
        ("TimeZone", "UTC"),
    ],
)
def test_the_server_runs_with_the_settings_that_were_chosen(
    store: Path, name: str, value: str
) -> None:
    assert _ask_store(store, f"select current_setting('{name}')") == value


def test_an_existing_store_keeps_its_version_and_its_data_over_a_restart(store: Path) -> None:
    _ask_store(store, "create table if not exists kept as select 'here' as word")
    stop_server(store)

    with ensure_server(store, idle_seconds=600, postgres_version=16) as held:
        assert _ask(held.url, "select word from kept") == "here"

    assert server_state(store).version == "18"


def test_nobody_else_can_reach_the_data_the_socket_or_the_log(store: Path) -> None:
    with ensure_server(store, idle_seconds=600):
        state = server_state(store)

    assert state.socket_folder is not None
    assert state.data_folder.stat().st_mode & 0o077 == 0
    assert state.socket_folder.stat().st_mode & 0o077 == 0
    assert state.log_file.stat().st_mode & 0o077 == 0


def test_looking_at_a_store_starts_and_makes_nothing(tmp_path: Path) -> None:
    state = server_state(tmp_path / "none")
    stop_server(tmp_path / "none")

    assert (state.running, state.pid, state.version, state.log_lines) == (False, None, None, ())
    assert list(tmp_path.iterdir()) == []


def test_the_state_tells_of_a_running_and_of_a_stopped_server(store: Path) -> None:
    with ensure_server(store, idle_seconds=600):
        up = server_state(store)
    stop_server(store)
    down = server_state(store)

    assert up.running
    assert up.pid is not None
    assert any("ready to accept connections" in line for line in up.log_lines)
    assert (down.running, down.pid) == (False, None)
    assert up.service_user == ("briefsmith" if AS_ROOT else None)


@pytest.mark.parametrize("name", ['it\'s "$HOME" `x` \\ 100%, Füße ☃', "l" * 200 + "/" + "m" * 200])
def test_a_store_works_below_any_name(open_folder: Path, name: str) -> None:
    home = open_folder / name / "home"
    try:
        with ensure_server(home, idle_seconds=600) as held:
            answer = _ask(held.url, "select current_setting('data_directory')")
            socket_folder = Path(str(conninfo_to_dict(held.url)["host"]))

        assert answer == str(home / "postgres")
        assert socket_folder.stat().st_mode & 0o077 == 0
        stop_server(home)
        assert not socket_folder.exists()
    finally:
        _discard(home)


def test_two_processes_at_once_make_one_server(home: Path) -> None:
    with _client(home) as one, _client(home) as other:
        urls = {_line(one), _line(other)}

        assert len(urls) == 1
        assert _ask(urls.pop()) == 42
        assert len(_watchers(home)) == 1


def test_a_second_lease_starts_no_process(store: Path) -> None:
    script = """
import sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in
    {"subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"} else None)
from pathlib import Path
from briefsmith.postgres.embedded import ensure_server
ensure_server(Path(sys.argv[1]), idle_seconds=600).close()
print(started, "subprocess" in sys.modules)
"""
    with ensure_server(store, idle_seconds=600):
        second = subprocess.run(
            [sys.executable, "-c", script, str(store)], capture_output=True, text=True, check=True
        )

    assert second.stdout.strip() == "[] False"


def test_closing_a_lease_twice_is_closing_it_once(store: Path) -> None:
    held = ensure_server(store, idle_seconds=600)
    held.close()
    held.close()

    assert _ask(held.url) == 42


def test_a_killed_server_is_started_again_although_its_backends_linger(store: Path) -> None:
    with (
        ensure_server(store, idle_seconds=600) as held,
        psycopg.connect(held.url, autocommit=True) as backend,
    ):
        backend.execute("create table if not exists lived as select 1 as n")
        state = server_state(store)
        assert state.pid is not None

        os.kill(state.pid, signal.SIGKILL)
        _wait(lambda: not server_state(store).running)

        assert _ask_store(store, "select n from lived") == 1
        assert server_state(store).pid != state.pid


def test_the_number_of_a_killed_server_may_be_somebody_elses_by_now(store: Path) -> None:
    stop_server(store)
    with subprocess.Popen(["sleep", "600"], cwd="/") as stranger:
        try:
            pid_file = server_state(store).data_folder / "postmaster.pid"
            pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n1\n5432\n\n\n\nready   \n")
            assert not server_state(store).running

            assert _ask_store(store) == 42

            stop_server(store)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_after_a_watcher_was_killed_the_next_client_brings_one_that_adopts_the_server(
    store: Path,
) -> None:
    ensure_server(store, idle_seconds=600).close()
    server = server_state(store).pid
    _kill_watcher(store)

    ensure_server(store, idle_seconds=1).close()

    assert len(_watchers(store)) == 1
    assert server_state(store).pid == server
    _wait(lambda: not server_state(store).running)


def test_an_unused_server_stops_and_its_watcher_ends(store: Path) -> None:
    ensure_server(store, idle_seconds=1).close()

    _wait(lambda: not is_held(Layout(store).server_lock))
    _wait(lambda: not is_held(Layout(store).watcher_lock))
    assert "database system is shut down" in server_state(store).log_lines[-1]


def test_a_killed_client_keeps_the_server_no_longer_than_a_living_one(store: Path) -> None:
    with _client(store) as client:
        assert _ask(_line(client)) == 42
        ensure_server(store, idle_seconds=1).close()
        clients = os.open(store / "clients.lock", os.O_RDWR)
        os.utime(clients, (0, 0))
        os.close(clients)
        held_up = wait_until(lambda: not server_state(store).running, seconds=1)
        assert not held_up

        client.kill()

        _wait(lambda: not server_state(store).running)


def test_a_client_killed_while_it_makes_a_store_leaves_nothing_in_the_way(home: Path) -> None:
    with _client(home) as client:
        _wait(lambda: os.path.lexists(home / "postgres.new"))
        client.kill()

    assert _ask_store(home) == 42
    assert not os.path.lexists(home / "postgres.new")


def test_a_server_ends_with_its_home(home: Path) -> None:
    ensure_server(home, idle_seconds=5).close()
    data = server_state(home).data_folder
    server_lock = os.open(home / "server.lock", os.O_RDONLY)

    _remove(home)

    _wait(lambda: is_free(server_lock))
    _wait(lambda: not _watchers(home))
    os.close(server_lock)
    if data.exists():
        shutil.rmtree(data.parent)


def test_a_moved_home_gets_a_server_at_its_new_place(home: Path, tmp_path: Path) -> None:
    _ask_store(home, "create table moved as select 'here' as word")

    new = home.rename(tmp_path / "new")

    assert _ask_store(new, "select word from moved") == "here"
    assert server_state(new).running
    _discard(new)


def test_a_copied_store_gets_a_server_of_its_own(store: Path, open_folder: Path) -> None:
    copy = open_folder / "copy"
    stop_server(store)
    subprocess.run(["cp", "-a", str(store), str(copy)], check=True)

    with ensure_server(store, idle_seconds=600) as one:
        assert not server_state(copy).running
        with ensure_server(copy, idle_seconds=600) as two:
            assert _ask(one.url, "show data_directory") == str(store / "postgres")
            assert _ask(two.url, "show data_directory") == str(copy / "postgres")
    _discard(copy)


def test_two_homes_that_lead_to_the_same_data_do_not_get_two_servers(
    store: Path, tmp_path: Path
) -> None:
    (tmp_path / "postgres").symlink_to(store / "postgres")

    with ensure_server(store, idle_seconds=600) as held:
        with pytest.raises(errors.ServerNotStarted, match="Another server"):
            ensure_server(tmp_path, idle_seconds=600)

        assert _ask(held.url) == 42


def test_an_empty_environment_is_enough(tmp_path: Path) -> None:
    script = """
from briefsmith.config import load_settings
from briefsmith.postgres.embedded import ensure_server
settings = load_settings()
ensure_server(settings.home, idle_seconds=600).close()
print(settings.home)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    home = Path(done.stdout.strip())
    try:
        assert home.is_relative_to(tmp_path)
        assert server_state(home).running
    finally:
        _discard(home)


needs_root = pytest.mark.skipif(not AS_ROOT, reason="needs root")


@needs_root
def test_root_opens_no_folder_of_the_persons(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    home = private / "below" / "home"
    modes = {folder: folder.stat().st_mode for folder in [private, *private.parents]}

    try:
        with ensure_server(home, idle_seconds=600) as held:
            assert _ask(held.url) == 42

        assert {folder: folder.stat().st_mode for folder in modes} == modes
        assert home.stat().st_mode & 0o777 == 0o700
        assert (home / "postgres").readlink().is_relative_to(programs.SYSTEM_FOLDER)
        assert server_state(home).service_user == "briefsmith"
    finally:
        _discard(home)


@needs_root
def test_root_leaves_a_home_that_was_there_as_it_is(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    try:
        ensure_server(home, idle_seconds=600).close()

        assert home.stat().st_mode & 0o777 == 0o700
        assert home.stat().st_gid == os.getegid()
    finally:
        _discard(home)


@needs_root
def test_programs_out_of_the_service_users_reach_are_copied_once(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "venv"
    site.mkdir(mode=0o700)
    wheel = programs.package_folder()
    (site / wheel.name).mkdir()
    (site / wheel.name / "pginstall18").symlink_to(wheel / "pginstall18")
    (site / f"{wheel.name}.libs").symlink_to(wheel.parent / f"{wheel.name}.libs")
    system = open_folder / "system"
    monkeypatch.setattr(programs, "package_folder", lambda: site / wheel.name)
    monkeypatch.setattr(programs, "SYSTEM_FOLDER", system)
    home = tmp_path / "home"

    try:
        assert _ask_store(home) == 42
        stop_server(home)
        copied = [path for path in system.iterdir() if path.name.startswith("server-")]
        made_at = [path.stat().st_mtime_ns for path in copied]
        assert _ask_store(home) == 42

        assert [path.stat().st_mtime_ns for path in copied] == made_at
        assert len(made_at) == 1
        assert site.stat().st_mode & 0o777 == 0o700
    finally:
        _discard(home)


@needs_root
def test_without_a_way_to_make_users_root_takes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "SERVICE_USER", "no-such-user-of-briefsmith")
    monkeypatch.setattr(accounts, "_ADMIN_PATH", "/nonexistent")

    account = accounts.service_account()

    assert account is not None
    assert account.uid == pwd.getpwnam("nobody").pw_uid


def _python_for(uid: int) -> str | None:
    found = [sys.executable, *(shutil.which(name, path="/usr/bin") or "" for name in ("python3",))]
    account = processes.Account(uid, uid)
    probe = ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    for python in filter(None, found):
        try:
            if processes.run_as(account, [python, *probe]).returncode == 0:
                return python
        except PermissionError:
            continue
    return None


@needs_root
def test_an_ordinary_user_needs_nothing_of_all_that(open_folder: Path) -> None:
    uid = 65534
    python = _python_for(uid)
    if python is None:
        pytest.skip("no Python that an ordinary user may run")
    place = open_folder / "mine"
    place.mkdir(mode=0o700)
    os.chown(place, uid, uid)
    home = place / "home"

    with subprocess.Popen(
        [python, "-c", CLIENT, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        user=uid,
        group=uid,
        extra_groups=(),
    ) as client:
        assert _ask(_line(client)) == 42

        assert {path.lstat().st_uid for path in [home, *home.iterdir()]} == {uid}
        assert home.stat().st_mode & 0o777 == 0o700
        assert (home / "postgres").stat().st_mode & 0o777 == 0o700
        assert not (home / "postgres").is_symlink()
        client.kill()
    _discard(home)


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_home_that_is_no_folder_names_the_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(errors.InvalidSetting) as caught:
        ensure_server(tmp_path / name, idle_seconds=600)

    assert caught.value.details["name"] == "BRIEFSMITH_HOME"


def test_a_home_where_nobody_can_make_folders_names_the_setting() -> None:
    with pytest.raises(errors.InvalidSetting, match="cannot be made"):
        ensure_server(Path("/proc/briefsmith"), idle_seconds=600)


@pytest.mark.parametrize("name", ["a\nb", "l" * 150 + ("/" + "m" * 150) * 6])
def test_a_home_that_postgresql_cannot_work_with_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.InvalidSetting):
        ensure_server(tmp_path / name, idle_seconds=600)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "word"), [("17\n", "17 is not among"), (None, "no PostgreSQL data folder")]
)
def test_a_data_folder_of_another_make_is_refused_and_left_alone(
    tmp_path: Path, version: str | None, word: str
) -> None:
    data = tmp_path / "home" / "postgres"
    data.mkdir(parents=True)
    if version is not None:
        (data / "PG_VERSION").write_text(version)
    if AS_ROOT:
        os.chown(data, 65534, 65534)
    before = sorted(data.iterdir())

    with pytest.raises(errors.ServerNotStarted, match=word):
        ensure_server(tmp_path / "home", idle_seconds=600)

    assert sorted(data.iterdir()) == before


def test_a_store_whose_data_is_gone_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "postgres").symlink_to(tmp_path / "gone")

    with pytest.raises(errors.ServerNotStarted, match="is gone"):
        ensure_server(tmp_path, idle_seconds=600)


def test_a_version_that_the_wheel_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.ServerNotStarted, match="16 or 18"):
        ensure_server(tmp_path / "home", idle_seconds=600, postgres_version=15)


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)

    with pytest.raises(errors.ServerNotStarted, match="cannot lock files"):
        ensure_server(tmp_path / "home", idle_seconds=600)


def test_another_operating_system_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(errors.ServerNotStarted) as caught:
        ensure_server(tmp_path / "home", idle_seconds=600)

    assert "BRIEFSMITH_DATABASE_URL" in caught.value.hint


def test_a_server_that_stops_at_its_start_is_told_with_its_own_words(store: Path) -> None:
    stop_server(store)
    extra = server_state(store).data_folder / "postgresql.auto.conf"
    before = extra.read_text()
    extra.write_text("max_connections = 'many'\n")
    try:
        with pytest.raises(errors.ServerNotStarted) as caught:
            ensure_server(store, idle_seconds=600)
    finally:
        extra.write_text(before)

    assert "max_connections" in "\n".join(caught.value.details["log"])
    assert caught.value.details["data_folder"] == str(store / "postgres")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('FATAL:  could not write "x": No space left on device', errors.DiskFull),
        ("PANIC:  could not extend: Disk quota exceeded", errors.DiskFull),
        ('FATAL:  could not extend file "b": wrote only 4096 of 8192 bytes', errors.DiskFull),
        (
            "FATAL:  could not create shared memory segment: No space left on device",
            errors.ServerNotStarted,
        ),
        ("initdb: error: it is so", errors.ServerNotStarted),
    ],
)
def test_a_full_disk_is_told_from_other_failures(
    tmp_path: Path, line: str, kind: type[errors.BriefsmithError]
) -> None:
    error = failures.from_output(layout_of(tmp_path), "It failed.", f"LOG:  before\n{line}\n")

    assert type(error) is kind
    assert error.details["log"][-1] == line


def test_an_account_without_a_name_is_told_so(tmp_path: Path) -> None:
    said = "initdb: could not look up effective user ID 54321: user does not exist\n"

    error = failures.from_output(layout_of(tmp_path), "It failed.", said)

    assert "54321" in error.message
    assert "/etc/passwd" in error.hint


@needs_root
def test_a_store_on_a_full_disk_is_refused_and_leaves_nothing_half_made(open_folder: Path) -> None:
    small = open_folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", str(small)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount")
    try:
        with pytest.raises(errors.DiskFull):
            ensure_server(small / "home", idle_seconds=600)

        assert not os.path.lexists(small / "home" / "postgres")
        assert not os.path.lexists(small / "home" / "postgres.new")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=110))
def test_a_folder_that_suits_a_socket_is_read_back_from_the_url_as_it_is(name: str) -> None:
    folder = f"/{name}"

    if configuration.suits_socket(folder):
        url = f"postgresql://postgres@/postgres?host={folder}&port=5432"
        assert conninfo_to_dict(url)["host"] == folder
        assert len(os.fsencode(folder)) < 100


@given(st.lists(st.text(alphabet="ab ", max_size=9), max_size=40), st.integers(0, 60))
def test_cutting_the_log_keeps_its_end(lines: list[str], limit_bytes: int) -> None:
    text = "".join(f"{line}\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(server_log, "_LIMIT_BYTES", limit_bytes)
        patched.setattr(server_log, "_KEPT_BYTES", limit_bytes // 2)
        log = Path(folder, "log")
        log.write_text(text)

        server_log.bound_log(log)

        kept = log.read_text()
        assert text.endswith(kept)
        assert len(kept) <= limit_bytes
        assert kept == text or len(text) > limit_bytes
