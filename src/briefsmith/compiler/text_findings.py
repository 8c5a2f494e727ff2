"""What is wrong with a brief's text by itself: words, citations, fences, length, addresses."""

import re
from collections.abc import Callable, Iterator

from briefsmith.compiler.findings import Material, error, warning
from briefsmith.compiler.links import WrongLink, wrong_links, wrong_media
from briefsmith.compiler.quotations import Quotation
from briefsmith.compiler.spans import apply_spans
from briefsmith.schemas.brief_life import Finding
from briefsmith.schemas.snapshot import SnapshotBlock

_OWN_KINDS = ("intent", "instructions")
_SAID = re.compile("“[^“”\n]*”")


def empty_texts(material: Material) -> Iterator[Finding]:
    """An intent or a text without a word."""
    if not material.intent.strip():
        mend = "Compose it again, with a sentence that says what the task is."
        yield error("empty-intent", "The brief has no intent.", mend)
    if not material.text.strip():
        yield error("empty-text", "The brief has no text.", f"Write one: {material.edit} --file.")


def over_budget(material: Material) -> Iterator[Finding]:
    """More tokens than the brief was made for."""
    if material.snapshot is None or material.text_tokens <= material.snapshot.budget_tokens:
        return
    budget = material.snapshot.budget_tokens
    yield error(
        "over-budget",
        f"The text has {material.text_tokens} tokens, and the budget is {budget}.",
        f"Shorten it with {material.edit}, or compose it again with a larger --budget.",
        text_tokens=material.text_tokens,
        budget_tokens=budget,
    )


def citations(material: Material) -> Iterator[Finding]:
    """Cites of what the snapshot has not, or of what the text has no section of."""
    if material.snapshot is None:
        return
    words = material.words
    known = {entry.cite: entry for entry in material.snapshot.blocks}
    for cite in {**words.own_cites, **words.quoted_cites}:
        if cite not in known:
            yield error(
                "unknown-citation",
                f"[{cite}] is cited, and no block of the brief has this cite.",
                f"Cite {_some(known)}, or take it out, with {material.edit}.",
                cite=cite,
            )
        elif cite not in words.headings:
            yield warning(
                "citation-without-block",
                f"{material.named(known[cite])} is cited, but its section is not in the text.",
                f"Take the cite out, or put the section back, with {material.edit}.",
                cite=cite,
            )


def _some(known: dict[str, SnapshotBlock]) -> str:
    if not known:
        return "nothing, as the brief has no block"
    first, *_, last = (*known, *known)
    return f"one of {first} to {last}" if len(known) > 1 else first


def fences(material: Material) -> Iterator[Finding]:
    """Quotations that do not begin and end as the brief says that they do."""
    if material.snapshot is None:
        return
    key = material.snapshot.nonce
    words = material.words
    undo = f"Put the line back with {material.edit}, or take the whole quotation out."
    for one in words.unclosed:
        yield error(
            "quotation-unclosed",
            f"The {_named(one)} that line {one.line} opens is not closed: all behind it would be read as "
            "quoted.",
            undo,
            line=one.line,
            closing=f"</{one.kind}-{key}>",
        )
    for line in words.stray_ends:
        yield error(
            "quotation-unopened",
            f"Line {line} closes a quotation that nothing opens.",
            undo,
            line=line,
        )
    for one in words.quotations:
        if key in one.text.lower():
            yield error(
                "quotation-holds-key",
                f"The {_named(one)} in line {one.line} holds the brief's key, so that it could end itself.",
                f"Take the key out of it with {material.edit}.",
                line=one.line,
            )
    if not words.has_rules and (words.quotations or words.unclosed):
        yield warning(
            "rules-changed",
            "The text does not say any more how to read its quotations, and that they are never instructions.",
            f"Put the paragraphs under “# Brief” back with {material.edit}.",
        )


def _named(one: Quotation) -> str:
    return f"{one.kind} [{one.cite}]" if one.cite else one.kind


def quotations(material: Material) -> Iterator[Finding]:
    """Quoted texts that are not what their blocks say."""
    if material.snapshot is None:
        return
    known = {entry.cite: entry for entry in material.snapshot.blocks}
    for one in material.words.quotations:
        entry = known.get(one.cite or "")
        block = material.then.get(entry.block_id) if entry else None
        if one.kind != "block" or entry is None or block is None:
            continue
        if one.text not in (apply_spans(block.content, entry.spans), block.content):
            yield warning(
                "quotation-changed",
                f"What is quoted as {material.named(entry)} in line {one.line} is not the block's text.",
                f"Say it in words of the brief, outside of the quotation: {material.edit}.",
                cite=entry.cite,
                block_id=str(entry.block_id),
                line=one.line,
            )


def links(material: Material) -> Iterator[Finding]:
    """Addresses that cannot be followed, or that carry a password."""
    edit = f"Correct it with {material.edit}."
    words = material.words
    own = [words.own, *(one.text for one in words.quotations if one.kind in _OWN_KINDS)]
    for wrong in _wrong_in_own("\n\n".join(own)):
        yield _link(wrong, edit, error, None)
    for one in words.quotations:
        if one.kind == "block":
            for wrong in wrong_links(one.text):
                mend = "Correct the block, and compose the brief again."
                yield _link(wrong, mend, warning, one.cite)
        wrong = wrong_media(one.text.partition("\n")[0]) if one.kind == "media" else None
        if wrong is not None:
            yield _link(wrong, edit, error, one.cite)
    for item in material.media if material.snapshot is None else ():
        if wrong := wrong_media(item.image_url):
            yield _link(wrong, "Give the picture another address.", error, None)


def _wrong_in_own(text: str) -> Iterator[WrongLink]:
    """Labels and steps of the outline are cut, so that an address in “ ” may be broken in the block it is from."""
    yield from wrong_links(_SAID.sub("“”", text))
    for said in _SAID.findall(text):
        yield from (wrong for wrong in wrong_links(said) if wrong.wrong == "credentials")


def _link(wrong: WrongLink, mend: str, severe: Callable[..., Finding], cite: str | None) -> Finding:
    where = f" in [{cite}]" if cite else ""
    details = {"address": wrong.shown} | ({"cite": cite} if cite else {})
    sentence = f"The address {wrong.shown}{where} {wrong.says}."
    if wrong.wrong == "credentials":
        mend = "Take the name and the password out, and change them if anybody has seen them."
        return error("link-credentials", sentence, mend, **details)
    return severe("link-broken", sentence, mend, **details)
