"""The catalogue of kinds of briefs."""

from uuid import UUID

from briefsmith.errors import BriefTypeNotFound
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_types import BriefType, read_type
from briefsmith.store import task_brief_types


async def list_brief_types(session: Session) -> list[BriefType]:
    """The newest version of each, by title."""
    return [read_type(row) for row in await task_brief_types.select_types(session)]


async def find_brief_type(session: Session, wanted: str) -> BriefType:
    """The type with this title, in whatever case, with this id, or the only one whose title begins so.

    Raises:
        BriefTypeNotFound: There is none; details list those that there are.
    """
    known = await list_brief_types(session)
    text = " ".join(wanted.split()).casefold()
    exact = [one for one in known if text in {one.title.casefold(), str(one.id)}]
    found = exact or [one for one in known if text and one.title.casefold().startswith(text)]
    if len(found) == 1:
        return found[0]
    problem = "There are several types" if found else "There is no type"
    message = f"{problem} of briefs called {wanted!r}."
    titles = [one.title for one in found or known]
    hint = f"There are: {', '.join(titles)}." if titles else "The catalogue is empty."
    raise BriefTypeNotFound(message, hint=hint, details={"types": titles})


async def get_brief_type(session: Session, type_id: UUID) -> BriefType | None:
    """The type of a brief, an older version too; None where the catalogue has lost it."""
    row = await task_brief_types.select_type(session, type_id)
    return None if row is None else read_type(row)
