"""Receivers: what their names mean, files that appear whole or not at all, signatures."""

import base64
import errno
import hashlib
import hmac
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.config import Settings
from briefsmith.errors import InvalidReceiver, InvalidSetting, ReceiverUnavailable
from briefsmith.models.enums import OutputType
from briefsmith.providers.receivers.files import ReceivingFile
from briefsmith.providers.receivers.port import Delivery
from briefsmith.providers.receivers.selection import make_receiver
from briefsmith.providers.receivers.signing import read_secrets, signed_headers
from briefsmith.providers.receivers.webhooks import Webhook
from briefsmith.schemas.receivers import FileTarget, Stdout, WebhookTarget, read_receiver

TEXT = "Grüße 😀\r\n\x1b[31m"
DELIVERY = Delivery(
    UUID(int=1), UUID(int=2), OutputType.MARKDOWN, TEXT, datetime(2027, 1, 1, tzinfo=UTC)
)
# Of the reference implementations of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# Names of receivers.


@pytest.mark.parametrize("text", [None, "stdout", "STDOUT", "-"])
def test_standard_output_has_a_name_and_is_the_default(text: str | None) -> None:
    assert read_receiver(text) == Stdout()


@pytest.mark.parametrize(
    "text", ["out.md", "/srv/out.md", "./stdout", "a b/c.md", "./a:b.md", "C:\\out.md", "~/out.md"]
)
def test_a_path_is_a_file(text: str) -> None:
    assert read_receiver(text) == FileTarget(Path(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line of 1 to 2000 characters"),
        (" ", "no line of 1 to 2000 characters"),
        ("a\nb", "no line of 1 to 2000 characters"),
        ("a\x00b", "no line of 1 to 2000 characters"),
        ("a\x1b[31m", "no line of 1 to 2000 characters"),
        ("x" * 2_001, "no line of 1 to 2000 characters"),
        ("out/", "is a folder"),
        (".", "is a folder"),
        ("a/..", "is a folder"),
        ("/", "is a folder"),
        ("ab:c.md", "is no https address"),
        ("mailto:me@example.com", "is no https address"),
    ],
)
def test_what_is_no_receiver_says_why_and_is_not_quoted(text: str, said: str) -> None:
    with pytest.raises(InvalidReceiver, match=said) as caught:
        read_receiver(text)

    assert caught.value.hint


def test_the_target_decides_which_receiver_it_is() -> None:
    settings = Settings(home=Path("/nowhere"), webhook_secret=SECRET)

    assert make_receiver(settings, Stdout()) is None
    assert isinstance(make_receiver(settings, FileTarget(Path("a"))), ReceivingFile)
    found = make_receiver(settings, WebhookTarget("https", "hook.example", 443, "/secret"))
    assert isinstance(found, Webhook)
    assert (found.kind, found.name) == ("webhook", "hook.example")


# Files.


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_holds_the_text_byte_for_byte_and_is_its_owner_s(tmp_path: Path) -> None:
    receiver = ReceivingFile(tmp_path / "out.md")
    await receiver.check()
    assert left(tmp_path) == []

    [tried] = await receiver.deliver(DELIVERY)

    assert tried.problem is None
    assert (tmp_path / "out.md").read_bytes() == TEXT.encode()
    assert stat.S_IMODE((tmp_path / "out.md").stat().st_mode) == 0o600
    assert left(tmp_path) == ["out.md"]


async def test_a_file_that_is_there_is_replaced_only_where_that_was_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.md"
    path.write_text("mine")

    for step in (ReceivingFile(path).check(), ReceivingFile(path).deliver(DELIVERY)):
        with pytest.raises(InvalidReceiver, match="already") as caught:
            await step
        assert "--overwrite" in caught.value.hint
    assert path.read_text() == "mine"

    await ReceivingFile(path, overwrite=True).deliver(DELIVERY)

    assert path.read_bytes() == TEXT.encode()
    assert left(tmp_path) == ["out.md"]


@pytest.mark.parametrize("overwrite", [False, True])
async def test_folders_links_devices_and_pipes_are_never_written_to(
    tmp_path: Path, overwrite: bool
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    before = left(tmp_path)

    for name in ("folder", "link", "dangling", "pipe", "/dev/null", "target/inside", "none/inside"):
        receiver = ReceivingFile(tmp_path / name, overwrite=overwrite)
        for step in (receiver.check(), receiver.deliver(DELIVERY)):
            with pytest.raises(InvalidReceiver) as caught:
                await step
            assert caught.value.message.endswith(".")

    assert left(tmp_path) == before
    assert (tmp_path / "target").read_text() == "mine"


async def test_a_file_that_came_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.md"
    fsync = os.fsync

    def interfering(number: int) -> None:
        path.write_text("theirs")
        fsync(number)

    monkeypatch.setattr(os, "fsync", interfering)

    with pytest.raises(InvalidReceiver, match="already"):
        await ReceivingFile(path).deliver(DELIVERY)

    assert path.read_text() == "theirs"
    assert left(tmp_path) == ["out.md"]


@pytest.mark.parametrize("taken", [False, True])
async def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    path = tmp_path / "out.md"

    def unsupported(source: Path, target: Path) -> None:
        if taken:
            path.write_text("theirs")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)

    if taken:
        with pytest.raises(InvalidReceiver, match="already"):
            await ReceivingFile(path).deliver(DELIVERY)
        assert path.read_text() == "theirs"
    else:
        await ReceivingFile(path).deliver(DELIVERY)
        assert path.read_bytes() == TEXT.encode()
    assert left(tmp_path) == ["out.md"]


async def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(ReceiverUnavailable, match="No space left on device") as caught:
        await ReceivingFile(tmp_path / "out.md").deliver(DELIVERY)

    assert left(tmp_path) == []
    assert caught.value.details["tries"][0]["problem"] == "No space left on device"


async def test_a_home_is_found_and_somebody_else_s_that_is_not_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    await ReceivingFile(Path("~/out.md")).deliver(DELIVERY)

    assert left(tmp_path) == ["out.md"]
    with pytest.raises(InvalidReceiver, match="not known"):
        await ReceivingFile(Path("~nobody-at-all/out.md")).check()


# Signatures.


def test_a_signature_is_that_of_the_reference_implementations() -> None:
    headers = signed_headers(
        read_secrets(SECRET),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


@given(
    st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3),
    st.integers(0, 2**40),
    st.binary(),
)
def test_every_key_signs_and_the_receiver_can_verify_with_any_of_them(
    keys: list[bytes], timestamp: int, body: bytes
) -> None:
    text = "  ".join("whsec_" + base64.b64encode(key).decode() for key in keys)

    headers = signed_headers(read_secrets(text), "msg_1", timestamp, body)

    signatures = headers["webhook-signature"].split(" ")
    for key, signature in zip(keys, signatures, strict=True):
        version, _, digest = signature.partition(",")
        expected = hmac.new(key, f"msg_1.{timestamp}.".encode() + body, hashlib.sha256).digest()
        assert (version, base64.b64decode(digest)) == ("v1", expected)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "hunter2",
        "whsec_",
        "whsec_hunter2",
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        f"{SECRET} hunter2",
        "whsec_ä" + "A" * 31,
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(text: str | None) -> None:
    with pytest.raises(InvalidSetting) as caught:
        read_secrets(text)

    told = str(caught.value.as_dict())
    assert "BRIEFSMITH_WEBHOOK_SECRET" in told
    assert "hunter2" not in told
    assert SECRET not in told
    assert "whsec_$(openssl rand -base64 32)" in caught.value.hint
