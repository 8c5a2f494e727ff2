"""All checks of a brief, the errors first. Pure: what is stored comes in as a value."""

from collections.abc import Callable, Iterator
from itertools import chain

from briefsmith.compiler import block_findings, text_findings
from briefsmith.compiler.document import sha256_of
from briefsmith.compiler.findings import Material
from briefsmith.schemas.brief_life import Finding, Severity, Validation

MOST_OF_A_NAME = 20
"""Findings of one name that are listed; behind them one says how many more there are."""

_Check = Callable[[Material], Iterator[Finding]]

CHECKS: tuple[_Check, ...] = (
    text_findings.empty_texts,
    text_findings.over_budget,
    text_findings.citations,
    text_findings.fences,
    text_findings.quotations,
    block_findings.blocks_since,
    block_findings.files_since,
    block_findings.required_types,
    block_findings.pairs,
    block_findings.noted_contradictions,
    text_findings.links,
)


def validate(material: Material) -> Validation:
    """What is wrong with a brief, errors before warnings."""
    found = list(chain.from_iterable(check(material) for check in CHECKS))
    listed = sorted(_shortened(found), key=lambda one: one.severity is not Severity.ERROR)
    snapshot = material.snapshot
    ids = [entry.block_id for entry in snapshot.blocks] if snapshot else []
    versions = {one: now.version if (now := material.now.get(one)) else None for one in ids}
    return Validation(
        ok=not any(one.severity is Severity.ERROR for one in listed),
        text_sha256=sha256_of(material.text),
        text_tokens=material.text_tokens,
        findings=tuple(listed),
        block_versions=versions,
    )


def _shortened(found: list[Finding]) -> Iterator[Finding]:
    kinds = dict.fromkeys((one.name, one.severity) for one in found)
    for kind in kinds:
        same = [one for one in found if (one.name, one.severity) == kind]
        yield from same[:MOST_OF_A_NAME]
        if (more := len(same) - MOST_OF_A_NAME) > 0:
            sentence = f"There is more of this kind: {more} beside those that are listed."
            first = same[0]
            yield first.model_copy(update={"sentence": sentence, "details": {"more": more}})
