"""Labels that no two of a person's blocks share, whatever the database takes for the same."""

import json
from unicodedata import normalize

from briefsmith.schemas.blocks import MAX_LABEL_CHARS

UNTITLED = "Untitled"
_SHOWN = 60
# In some languages lower() makes of I what is no i elsewhere.
_ALIKE = str.maketrans({"\u0131": "i", "\u0307": None})


def usable_label(label: str) -> str:
    """The label, or one that the database takes in its place."""
    if len(label) > MAX_LABEL_CHARS:
        label = " ".join(label.split())[:MAX_LABEL_CHARS].rstrip()
    return label if label.split() else UNTITLED


class Labels:
    """The labels of one person's blocks.

    Args:
        crude: Tell apart by ASCII letters and digits alone: for a database whose lower() takes for the same what
            no rule of Unicode does.
    """

    def __init__(self, *, crude: bool = False) -> None:
        self._crude = crude
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """A label that is free: the wanted one, or that with a number behind it."""
        label = wanted
        while (sameness := self._sameness(label)) in self._taken:
            label = self._numbered(wanted)
        self._taken.add(sameness)
        return label

    def _numbered(self, wanted: str) -> str:
        whole = self._sameness(wanted)
        number = self._next.get(whole, 2)
        self._next[whole] = number + 1
        behind = f" ({number})"
        return wanted[: MAX_LABEL_CHARS - len(behind)].rstrip() + behind

    def _sameness(self, label: str) -> str:
        text = normalize("NFKD", normalize("NFKD", label).casefold()).translate(_ALIKE)
        if self._crude:
            text = "".join(one for one in text if one.isascii() and one.isalnum())
        return text


def shown(label: str) -> str:
    """A label in a sentence: short, on one line, with nothing that a terminal obeys."""
    cut = label if len(label) <= _SHOWN else label[:_SHOWN] + "..."
    return json.dumps("".join(one if one.isprintable() else " " for one in cut), ensure_ascii=False)
