"""Runs a program that may be taken over by the file it reads: with a clock, a ceiling and an empty environment."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

ANSWER_BYTES = 64_000_000
_PIECE_BYTES = 1 << 16
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a conversion may take.

    Attributes:
        seconds: By the clock and of the processor.
        memory_mb: Of address space.
        answer_bytes: Of what it writes.
    """

    seconds: int = 60
    memory_mb: int = 1_024
    answer_bytes: int = ANSWER_BYTES


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        answer: What it wrote until then.
        status: Its exit status, negative for a signal; None where it was ended from here.
        is_late: Whether its time was up.
        is_flooding: Whether it wrote more than it may.
    """

    answer: bytes
    status: int | None
    is_late: bool = False
    is_flooding: bool = False


async def run_confined(command: Sequence[str], source: BinaryIO, limits: Limits) -> Ended:
    """Runs a program to its end, which comes in time; nothing of it is left behind, whatever happens here.

    Args:
        command: The program, which sets its own limits on memory before it reads.
        source: An open file with a descriptor, which becomes the standard input.
        limits: Clock and size of the answer are kept here.
    """
    with tempfile.TemporaryDirectory(prefix="briefsmith-extract-") as folder:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=source,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={"HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
        try:
            return await _ended(process, limits)
        finally:
            _kill_group(process.pid)
            await process.wait()


async def _ended(process: asyncio.subprocess.Process, limits: Limits) -> Ended:
    answer = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            while piece := await _piece(process):
                answer += piece
                if len(answer) > limits.answer_bytes:
                    return Ended(b"", None, is_flooding=True)
    except TimeoutError:
        return Ended(bytes(answer), None, is_late=True)
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await process.wait()
    return Ended(bytes(answer), process.returncode)


async def _piece(process: asyncio.subprocess.Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.read(_PIECE_BYTES)


def _kill_group(group: int) -> None:
    """Whatever the program started is in its group, unless it was confined and started nothing."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
