"""Shows a run as it goes: the text on standard output, remarks beside it."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from briefsmith.faces.cli.output import note, printable

if TYPE_CHECKING:
    from briefsmith.agents.run_items import Delivered, RunItem, RunStarted, RunStored


@dataclass(slots=True)
class RunDisplay:
    """Takes the items of a run.

    A standard output that fails does not end the run, which is paid for by then: the output is stored, and the failure
    raised behind it.

    Attributes:
        is_silent: Whether all is told at the end, as JSON.
    """

    is_silent: bool
    _started: "RunStarted | None" = None
    _stored: "RunStored | None" = None
    _delivered: "Delivered | None" = None
    _failure: OSError | None = None
    _last: str = "\n"

    def take(self, item: "RunItem") -> None:
        """Shows one item, and remembers what was told."""
        from briefsmith.agents.run_items import Delivered, RunStarted, RunStored

        if isinstance(item, str):
            self._show(item)
        elif isinstance(item, RunStarted):
            self._started = item
            self._note(*_beginning(item))
        elif isinstance(item, RunStored):
            self._stored = item
            self._end_line()
            self._note(*_end(item))
        else:
            assert isinstance(item, Delivered)  # noqa: S101  there is no other
            self._delivered = item
            self._note(received_by(item))

    def finish(self) -> None:
        """Tells of a standard output that took not all.

        Raises:
            OSError: As it came.
        """
        if self._failure is not None:
            raise self._failure

    def values(self) -> dict[str, Any]:
        """All that came of the run, JSON-compatible."""
        assert self._started is not None  # noqa: S101  a run that did not fail
        assert self._stored is not None  # noqa: S101  as above
        return {
            **self._stored.output.model_dump(mode="json"),
            "model": self._started.model,
            "usage": self._stored.usage.as_dict(),
            "is_cut_off": self._stored.is_cut_off,
            "is_published": self._started.plan.is_published,
            "delivery": delivery_values(self._delivered) if self._delivered else None,
        }

    def _show(self, piece: str) -> None:
        is_elsewhere = self._started is not None and self._started.receiver is not None
        if self.is_silent or is_elsewhere or self._failure is not None or not piece:
            return
        try:
            sys.stdout.write(printable(piece) if sys.stdout.isatty() else piece)
            sys.stdout.flush()
        except OSError as error:
            self._failure = error
        self._last = piece[-1]

    def _end_line(self) -> None:
        if self._last != "\n" and sys.stdout.isatty():
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _note(self, *lines: str) -> None:
        if not self.is_silent:
            for line in lines:
                note(line)


def received_by(delivered: "Delivered") -> str:
    """Who has the output."""
    tries = len(delivered.tries)
    again = f", at the {_ordinal(tries)} try" if tries > 1 else ""
    return f"Delivered to the {delivered.kind} {delivered.receiver}{again}."


def delivery_values(delivered: "Delivered") -> dict[str, Any]:
    """The same for programs."""
    return {
        "receiver": delivered.kind,
        "name": delivered.receiver or None,
        "tries": [one.as_dict() for one in delivered.tries],
    }


def _beginning(item: "RunStarted") -> list[str]:
    plan = item.plan
    lines: list[str] = []
    if not plan.is_published:
        lines.append("The brief is not published: what it says may change yet.")
    if plan.config_id is None:
        lines.append("The brief has no configuration; `briefsmith brief configure` makes one.")
    if item.model is not None:
        name = plan.model_settings.model
        which = f"{name} by way of {item.model}" if name and name not in item.model else item.model
        lines.append(f"Asking {which} for {plan.output_type.replace('_', ' ')}.")
    return lines


def _end(item: "RunStored") -> list[str]:
    usage = item.usage
    lines = ["The answer ran into max_tokens, and ends where that was."] if item.is_cut_off else []
    took = (
        f": {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {usage.seconds:.1f} s"
        if usage.requests
        else ""
    )
    return [*lines, f"Stored as output {item.output.id}{took}."]


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third", 4: "fourth", 5: "fifth"}.get(number, f"{number}th")
