"""What stands in the address of a resource."""

from uuid import UUID

from briefsmith.errors import InvalidId, InvalidInput

_MOST_PARTS = 10_000


def id_of(text: str) -> UUID:
    """The id that an address ends in.

    Raises:
        InvalidId: It is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        message = "The address of a block, a brief or a file ends in its id, which is a UUID."
        raise InvalidId(message, hint="`find_context` and `compose_brief` give ids.") from error


def part_number(text: str) -> int:
    """Which part of a long text is meant.

    Raises:
        InvalidInput: It is no number, or too large for one.
    """
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= _MOST_PARTS:
        message = f"`part` is a number from 1 to {_MOST_PARTS}."
        raise InvalidInput(message, hint="Leave it out for the first part.")
    return int(text)
