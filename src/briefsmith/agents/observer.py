"""Looks for what nobody looks after: stale and unused blocks, dead files, briefs on outdated context."""

from collections import Counter

from briefsmith.agents.contract import AgentContext, AgentResult
from briefsmith.operations.feedback import count_feedback, recount_scores
from briefsmith.operations.usage_reports import report_usage
from briefsmith.postgres.session import Session
from briefsmith.schemas.reports import UsageSettings

AGENT = "observer"


async def run(session: Session, context: AgentContext) -> AgentResult:
    """One look at the whole store.

    Emits:
        block.usage_report
    """
    del context  # needs neither a model nor vectors; the statements read the database's clock
    report = await report_usage(session, UsageSettings())
    # Of a program that writes, changes or deletes feedback past this package, nobody else takes notice.
    judged = await count_feedback(session)
    rescored = await recount_scores(session)
    counts: Counter[str] = Counter(f"{aged.kind}_blocks" for aged in report.aged)
    counts["feedback_counted"] = judged
    counts["scores_mended"] = rescored
    counts["dead_files"] = len(report.dead_files)
    counts["outdated_briefs"] = len(report.outdated_briefs)
    notes: tuple[str, ...] = ()
    if report.left_out:
        notes = (f"{report.left_out} findings more are left for the next report.",)
    return AgentResult({name: count for name, count in sorted(counts.items()) if count}, notes)
