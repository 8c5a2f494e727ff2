"""Looks for blocks that are called the same, say the same, or contradict each other; and reports it.

No transaction is open while the model is asked. What changes meanwhile is left out of the report, and found again by
the next one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from briefsmith.agents.block_changes import without_pairs
from briefsmith.agents.contract import AgentContext, AgentResult, Effect
from briefsmith.agents.contradictions import Judgement, judge_pairs
from briefsmith.agents.sessions import Sessions
from briefsmith.operations.agent_messages import record_calls
from briefsmith.operations.block_reports import (
    AskedPair,
    Audit,
    audit_blocks,
    audit_finding,
    present_states,
    tell_audit,
)
from briefsmith.postgres.session import Session
from briefsmith.providers.language_models.port import LanguageModel
from briefsmith.schemas.reports import (
    AUDIT_TOPIC,
    AuditFinding,
    AuditReport,
    AuditSettings,
    Contradictions,
    JudgedPair,
)

AGENT = "analyzer"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and what the model said of it; no transaction is open."""

    audit: Audit
    judgement: Judgement
    has_model: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """The report, and what it took.

    Attributes:
        calls: Every request to the model, as `Call.as_dict` has it.
        moved: Findings that are not in it, because a block changed while the model was asked.
    """

    report: AuditReport
    calls: tuple[dict[str, Any], ...]
    moved: int = 0


async def look(
    sessions: Sessions,
    embedding_model: str,
    model: LanguageModel | None,
    settings: AuditSettings | None = None,
) -> Looked:
    """Looks in one transaction, and then asks the model about the pairs that none was asked about.

    Args:
        embedding_model: Name of the present one; other vectors are not compared.
        model: None asks nobody.
    """
    limits = settings or AuditSettings()
    async with sessions(read_only=True) as session:
        audit = await audit_blocks(session, embedding_model, limits)
    pairs = [pair for pair in audit.pairs if pair.said is None]
    if model is None or not pairs:
        return Looked(audit, Judgement((), ()), model is not None)
    judgement = await judge_pairs(model, pairs, together=limits.asked_at_once)
    return Looked(audit, judgement, has_model=True)


async def report(session: Session, looked: Looked) -> Analysis:
    """Reports what still holds, and keeps what the model took; where the model failed, the rest stands.

    Emits:
        block.audit_report
    """
    audit, judgement = looked.audit, looked.judgement
    contradicting = [pair for pair in audit.pairs if pair.said]
    contradicting += [pair for pair, contradicts in judgement.judged if contradicts]
    mergeable = _without_contradictions(looked, contradicting)
    found = [*mergeable, *map(_contradiction, contradicting)]
    judged = [(_contradiction(pair), pair, said) for pair, said in judgement.judged]
    holding = await _holding(session, [*found, *(finding for finding, _, _ in judged)])
    findings = tuple(finding for finding in found if holding(finding))
    told = AuditReport(
        findings=findings,
        left_out=audit.left_out + len(audit.findings) - len(mergeable),
        unembedded=audit.unembedded,
        contradictions=_looked_for(looked),
        model_error=judgement.error.code if judgement.error else None,
        judged=tuple(
            JudgedPair(pair=pair.key, contradicts=said)
            for finding, pair, said in judged
            if holding(finding)
        ),
    )
    await tell_audit(session, told)
    await record_calls(
        session,
        task_id=AUDIT_TOPIC,
        agent_type=AGENT,
        calls=judgement.calls,
        outcome=told.model_error or "answered",
    )
    return Analysis(told, judgement.calls, len(found) - len(findings))


def _without_contradictions(
    looked: Looked, contradicting: Sequence[AskedPair]
) -> list[AuditFinding]:
    """The findings, but that no text is called the same as one that it contradicts: a merge would keep both for good.

    Where there is a model, doubtful pairs wait until it was asked about them.
    """
    apart = {frozenset((pair.one.id, pair.other.id)) for pair in contradicting}
    judgement = looked.judgement
    if looked.has_model and judgement.error is None:
        answered = {frozenset((pair.one.id, pair.other.id)) for pair, _ in judgement.judged}
        apart |= looked.audit.doubtful - answered
    kept: list[AuditFinding] = []
    for finding in looked.audit.findings:
        if finding.kind != "same_text":
            kept.append(finding)
            continue
        left = set(without_pairs([state.block_id for state in finding.blocks], apart))
        states = tuple(state for state in finding.blocks if state.block_id in left)
        if len(states) > 1:
            kept.append(finding.model_copy(update={"blocks": states}))
    return kept


async def _holding(
    session: Session, findings: Sequence[AuditFinding]
) -> Callable[[AuditFinding], bool]:
    """Tells of a finding whether all its blocks are as they were when it was found."""
    ids = {state.block_id for finding in findings for state in finding.blocks}
    now = await present_states(session, sorted(ids))

    def holds(finding: AuditFinding) -> bool:
        return all(now.get(state.block_id) == state for state in finding.blocks)

    return holds


def _contradiction(pair: AskedPair) -> AuditFinding:
    return audit_finding("contradiction", (pair.one, pair.other), None)


def _looked_for(looked: Looked) -> Contradictions:
    if not looked.has_model:
        return "no_model"
    return "model_failed" if looked.judgement.error else "searched"


async def run(sessions: Sessions, context: AgentContext) -> Effect:
    """One look at the whole store.

    Emits:
        block.audit_report
    """
    looked = await look(sessions, context.embedder.name, context.model)

    async def effect(session: Session) -> AgentResult:
        analysis = await report(session, looked)
        counts = Counter(finding.kind for finding in analysis.report.findings)
        return AgentResult(dict(sorted(counts.items())), tuple(_notes(analysis)))

    return effect


def _notes(analysis: Analysis) -> Iterator[str]:
    told = analysis.report
    if analysis.moved:
        yield (
            f"Dropped findings: {analysis.moved}; a block of each was changed while the model was asked, and the "
            "next run looks at it again."
        )
    if told.left_out:
        yield f"{told.left_out} findings more are left for the next report."
    if told.unembedded:
        yield (
            f"{told.unembedded} blocks have no vector and were compared word for word only; "
            "`briefsmith reembed` adds them."
        )
    if told.contradictions == "no_model":
        yield "Contradictions were not looked for: no language model is set (BRIEFSMITH_MODEL)."
    if told.contradictions == "model_failed":
        yield f"The language model failed ({told.model_error}): not all pairs were judged."
