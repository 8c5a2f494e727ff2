"""A brief by its id, for the verbs that need one."""

from uuid import UUID

from briefsmith.errors import BriefNotFound
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.postgres.session import Session
from briefsmith.store import task_briefs


async def find_brief(session: Session, brief_id: UUID) -> TaskBrief:
    """The brief without its text.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    return found_brief(await task_briefs.select_brief(session, brief_id), brief_id)


def found_brief(brief: TaskBrief | None, brief_id: UUID) -> TaskBrief:
    """What was looked for.

    Raises:
        BriefNotFound: It was not there.
    """
    if brief is None:
        message = f"There is no brief {brief_id}."
        raise BriefNotFound(message, details={"id": str(brief_id)})
    return brief
