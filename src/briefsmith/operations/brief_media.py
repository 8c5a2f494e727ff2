"""Files of the library that a brief has as media."""

from briefsmith.models.block_files import BlockFile
from briefsmith.operations.files import get_file
from briefsmith.postgres.session import Session
from briefsmith.schemas.briefs import MAX_MEDIA_CHARS, Media, NewBrief
from briefsmith.schemas.files import file_address


async def with_files_as_media(session: Session, new: NewBrief) -> NewBrief:
    """The request with its files among its media: the address, and what label, type and note say.

    Raises:
        LibraryFileNotFound: There is no such file, or it is somebody else's.
    """
    if not new.files:
        return new
    files = [await get_file(session, file_id) for file_id in dict.fromkeys(new.files)]
    media = (*new.media, *(_as_media(file) for file in files))
    return new.model_copy(update={"media": media, "files": ()})


def _as_media(file: BlockFile) -> Media:
    says = f"{file.label} ({file.content_type or 'unknown type'}, {file.size_bytes} bytes)"
    if file.note:
        says = f"{says}\n{file.note}"
    return Media.model_construct(
        image_url=file_address(file.id, file.file_url)[:MAX_MEDIA_CHARS],
        description=says[:MAX_MEDIA_CHARS],
    )
