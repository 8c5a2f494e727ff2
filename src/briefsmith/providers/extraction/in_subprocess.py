"""The extractor: one process for each file."""

import json
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from briefsmith.errors import InvalidSetting
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part, Refusal
from briefsmith.providers.extraction.sandbox import Ended, Limits, run_confined

_SAID_CHARACTERS = 500
_MOST_NOTES = 20
_CHILD = "briefsmith.providers.extraction.child"


@dataclass(frozen=True, slots=True)
class SubprocessExtractor:
    """Lets converters loose on files in processes of their own.

    Attributes:
        program: What runs `child`, before its arguments; tests put worse programs there.
    """

    limits: Limits = field(default_factory=Limits)
    program: tuple[str, ...] = (sys.executable, "-I", "-B", "-m", _CHILD)

    async def extract(self, source: BinaryIO, kind: ExtractionKind) -> Extraction | Refusal:
        """The text of an open file with a descriptor, read from its start.

        Raises:
            InvalidSetting: The package that this kind is read with is not installed.
        """
        source.seek(0)
        memory_bytes = self.limits.memory_mb * 1_000_000
        command = [*self.program, kind.value, str(self.limits.seconds), str(memory_bytes)]
        ended = await run_confined(command, source, self.limits)
        answer = _answer(ended)
        if answer is None:
            return self._failure(ended)
        if "missing" in answer:
            message = f"The packages that {kind.value} files are read with are not installed."
            raise InvalidSetting(message, hint="pip install 'briefsmith[extract]'")
        return _said(answer) or self._failure(ended)

    def _failure(self, ended: Ended) -> Refusal:
        seconds = self.limits.seconds
        if ended.is_late or ended.status == -signal.SIGXCPU:
            reason = f"reading it takes longer than {seconds} seconds"
            return Refusal(reason, "Cut it into parts, or raise BRIEFSMITH_EXTRACT_SECONDS.")
        if ended.is_flooding:
            reason = "there is more text in it than one file may give"
            return Refusal(reason, "Cut it into parts, and add those that matter.")
        if ended.status is not None and ended.status < 0:
            reason = (
                f"the converter broke down at it ({_signal_name(-ended.status)}): "
                "it is damaged, or takes more memory than it may"
            )
            hint = "Save it again, cut it into parts, or raise BRIEFSMITH_EXTRACT_MEMORY_MB."
            return Refusal(reason, hint)
        reason = "the converter ended without an answer"
        return Refusal(reason, "Save it again in the program that it was made with, and add that.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _answer(ended: Ended) -> dict[str, Any] | None:
    """The answer, if it is whole."""
    try:
        answer: object = json.loads(ended.answer)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None


def _said(answer: dict[str, Any]) -> Extraction | Refusal | None:
    """What the answer says; None for what the child never says, as the file may have got hold of it."""
    match answer:
        case {"reason": str(reason), "hint": str(hint)}:
            return Refusal(reason[:_SAID_CHARACTERS], hint[:_SAID_CHARACTERS])
        case {"parts": list(), "notes": list(), "is_cut_off": bool(is_cut_off)}:
            parts = [_part(pair) for pair in cast("list[object]", answer["parts"])]
            said = cast("list[object]", answer["notes"])[:_MOST_NOTES]
            notes = tuple(str(note)[:_SAID_CHARACTERS] for note in said)
            if None in parts:
                return None
            return Extraction(tuple(part for part in parts if part), notes, is_cut_off)
        case _:
            return None


def _part(pair: object) -> Part | None:
    match pair:
        case [str(place), str(text)]:
            return Part(place, text)
        case _:
            return None
