"""What an upgrade says of itself while it runs, and at its end."""

from dataclasses import dataclass, field
from typing import Any

# Of each kind of decision so many are told; all of them are counted.
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on a legacy row."""

    table: str
    key: str
    sentence: str


@dataclass(slots=True)
class UpgradeReport:
    """How far an upgrade is, and what came of it.

    Attributes:
        phase: archive, stage, prove, swap or done.
        done: How many rows of the phase are done.
        total: Of how many.
        archive: Where the archive is.
        legacy: Rows of each legacy table.
        made: Rows of each new table.
        archived_only: For each legacy table, reasons why rows are in the archive alone, with their number.
        decisions: What was decided, by kind: the number.
        examples: Some decisions of each kind.
        changed_meanwhile: Users whose rows changed while they were staged, and were staged anew.
        notes: What a person has to look after.
    """

    phase: str = "archive"
    done: int = 0
    total: int = 0
    archive: str = ""
    legacy: dict[str, int] = field(default_factory=dict[str, int])
    made: dict[str, int] = field(default_factory=dict[str, int])
    archived_only: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    decisions: dict[str, int] = field(default_factory=dict[str, int])
    examples: dict[str, list[Decision]] = field(default_factory=dict[str, list[Decision]])
    changed_meanwhile: int = 0
    notes: list[str] = field(default_factory=list[str])

    def begin(self, phase: str, total: int) -> "UpgradeReport":
        """The next phase."""
        self.phase, self.done, self.total = phase, 0, total
        return self

    def decide(self, code: str, decision: Decision) -> None:
        """One more decision."""
        self.decisions[code] = self.decisions.get(code, 0) + 1
        examples = self.examples.setdefault(code, [])
        if len(examples) < EXAMPLES:
            examples.append(decision)

    def leave(self, table: str, reason: str, number: int = 1) -> None:
        """Rows that go to the archive alone."""
        reasons = self.archived_only.setdefault(table, {})
        reasons[reason] = reasons.get(reason, 0) + number

    def as_dict(self) -> dict[str, Any]:
        """As programs read it."""
        return {
            "archive": self.archive,
            "legacy": self.legacy,
            "made": self.made,
            "archived_only": self.archived_only,
            "decisions": {
                code: {
                    "number": number,
                    "examples": [
                        {"table": one.table, "key": one.key, "sentence": one.sentence}
                        for one in self.examples[code]
                    ],
                }
                for code, number in self.decisions.items()
            },
            "changed_meanwhile": self.changed_meanwhile,
            "notes": self.notes,
        }
