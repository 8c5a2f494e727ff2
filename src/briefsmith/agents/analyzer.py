"""Looks for blocks that are called the same, say the same, or contradict each other; and reports it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from briefsmith.agents.contract import AgentContext, AgentResult
from briefsmith.agents.contradictions import Judgement, judge_pairs
from briefsmith.operations.agent_messages import record_calls
from briefsmith.operations.block_reports import (
    AskedPair,
    Audit,
    audit_blocks,
    audit_finding,
    tell_audit,
)
from briefsmith.postgres.session import Session
from briefsmith.providers.language_models.port import LanguageModel
from briefsmith.schemas.reports import (
    AUDIT_TOPIC,
    AuditFinding,
    AuditReport,
    AuditSettings,
    JudgedPair,
)

AGENT = "analyzer"


@dataclass(frozen=True, slots=True)
class Analysis:
    """The report, and what asking the model took."""

    report: AuditReport
    calls: tuple[dict[str, Any], ...]


async def ask(model: LanguageModel | None, audit: Audit, settings: AuditSettings) -> Judgement:
    """What the model says of the pairs that none was asked about; nothing without a model."""
    pairs = [pair for pair in audit.pairs if pair.said is None]
    if model is None or not pairs:
        return Judgement((), ())
    return await judge_pairs(model, pairs, together=settings.asked_at_once)


def report_of(audit: Audit, judgement: Judgement, *, has_model: bool) -> AuditReport:
    """All that was found; where the model failed, the rest stands."""
    judged = [
        JudgedPair(pair=pair.key, contradicts=contradicts) for pair, contradicts in judgement.judged
    ]
    contradicting = [pair for pair in audit.pairs if pair.said]
    contradicting += [pair for pair, contradicts in judgement.judged if contradicts]
    return AuditReport(
        findings=(*audit.findings, *_contradictions(contradicting)),
        left_out=audit.left_out,
        unembedded=audit.unembedded,
        contradictions=_looked(judgement, has_model=has_model),
        model_error=judgement.error.code if judgement.error else None,
        judged=tuple(judged),
    )


def _contradictions(pairs: Sequence[AskedPair]) -> list[AuditFinding]:
    return [audit_finding("contradiction", (pair.one, pair.other), None) for pair in pairs]


def _looked(judgement: Judgement, *, has_model: bool) -> Any:
    if not has_model:
        return "no_model"
    return "model_failed" if judgement.error else "searched"


async def analyze(
    session: Session,
    embedding_model: str,
    model: LanguageModel | None,
    settings: AuditSettings | None = None,
) -> Analysis:
    """Looks, asks and reports.

    Emits:
        block.audit_report
    """
    limits = settings or AuditSettings()
    audit = await audit_blocks(session, embedding_model, limits)
    judgement = await ask(model, audit, limits)
    report = report_of(audit, judgement, has_model=model is not None)
    await tell_audit(session, report)
    return Analysis(report, judgement.calls)


async def run(session: Session, context: AgentContext) -> AgentResult:
    """One look at the whole store.

    Emits:
        block.audit_report
    """
    analysis = await analyze(session, context.embedder.name, context.model)
    report = analysis.report
    if analysis.calls:
        await record_calls(
            session,
            task_id=AUDIT_TOPIC,
            agent_type=AGENT,
            calls=analysis.calls,
            outcome=report.model_error or "answered",
        )
    counts = Counter(finding.kind for finding in report.findings)
    return AgentResult(dict(sorted(counts.items())), tuple(_notes(report)))


def _notes(report: AuditReport) -> Iterator[str]:
    if report.left_out:
        yield f"{report.left_out} findings more are left for the next report."
    if report.unembedded:
        yield (
            f"{report.unembedded} blocks have no vector and were compared word for word only; "
            "`briefsmith reembed` adds them."
        )
    if report.contradictions == "no_model":
        yield "Contradictions were not looked for: no language model is set (BRIEFSMITH_MODEL)."
    if report.contradictions == "model_failed":
        yield f"The language model failed ({report.model_error}): not all pairs were judged."
