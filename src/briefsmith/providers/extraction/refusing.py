"""How a converter says that it has nothing to give; for the child's process alone."""

from typing import NoReturn

from briefsmith.providers.extraction.port import Refusal


class Refused(Exception):
    """Ends a conversion."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def refuse(reason: str, hint: str) -> NoReturn:
    """Ends the conversion.

    Args:
        reason: Clause without capital and full stop, with nothing of the file in it.
        hint: What to do, a sentence.

    Raises:
        Refused: Always.
    """
    raise Refused(Refusal(reason, hint)) from None


def refuse_damaged() -> NoReturn:
    """Ends the conversion of a file whose bytes make no sense as what its name says.

    Raises:
        Refused: Always.
    """
    reason = "it is damaged or cut off, or no file of the kind that its name says"
    refuse(reason, "Open it in the program that it was made with, save it again, and add that.")


def refuse_encrypted() -> NoReturn:
    """Ends the conversion of a file that wants a password.

    Raises:
        Refused: Always.
    """
    refuse("it is encrypted", "Save it without a password, and add that.")
