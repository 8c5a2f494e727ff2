"""Phrases that a question has in quotation marks."""

import re
import unicodedata

MOST_PHRASES = 8

# Of straight marks the first stands before a word and the last behind one, so that 5" pipes are no phrase.
_QUOTED = re.compile(
    r'(?<![\w"])"(?=\S)([^"\n]+)"(?!\w)|„([^„“”\n]+)[“”]|“([^“”\n]+)”|«([^«»\n]+)»'
)
# As `words_of` in sql/schema/search.sql has them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]+"
)
_NUMBER_BEHIND = re.compile(r"([A-Za-z0-9])-(?=[0-9])")


def phrases_in(question: str) -> list[str]:
    """The phrases, as the parser of texts has to read them to find the same words; each once, eight at most."""
    found = ("".join(match.groups(default="")) for match in _QUOTED.finditer(question))
    phrases = [phrase for quoted in found if (phrase := _for_parser(quoted).strip())]
    return list(dict.fromkeys(phrases))[:MOST_PHRASES]


def _for_parser(phrase: str) -> str:
    plain = unicodedata.normalize("NFKC", phrase)
    pairs = _UNSPACED.sub(lambda run: f" {_pairs(run[0])} ", plain)
    return _NUMBER_BEHIND.sub(r"\1 ", pairs)


def _pairs(run: str) -> str:
    return " ".join(run[i : i + 2] for i in range(len(run) - 1)) or run
