"""Where an output may go for who asks by HTTP: into the answer, or to a webhook; no file of the server's disk."""

from typing import Annotated

from pydantic import AfterValidator, Field

from briefsmith.config import Settings
from briefsmith.errors import InvalidReceiver
from briefsmith.providers.receivers.port import Receiver
from briefsmith.providers.receivers.selection import make_receiver
from briefsmith.schemas.receivers import MAX_RECEIVER_CHARS, FileTarget, Target, read_receiver

_NAME = r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_REST = rf"(:{_PORT})?(/([A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{{2}})*)?"
_RECEIVER = rf"^(stdout|https://{_NAME}{_REST}|http://(localhost|127\.0\.0\.1){_REST})$"


def _readable(text: str) -> str:
    read_receiver(text)
    return text


WebReceiver = Annotated[
    str, AfterValidator(_readable), Field(max_length=MAX_RECEIVER_CHARS, pattern=_RECEIVER)
]


def web_receiver(settings: Settings, target: Target) -> Receiver | None:
    """The receiver of a target; None for the answer itself.

    Raises:
        InvalidReceiver: It is a file, which a configuration of the command line may name.
        InvalidSetting: As `make_receiver` says.
    """
    if isinstance(target, FileTarget):
        message = "The server writes no files for who asks it."
        hint = "Take the text from the answer, with the receiver `stdout`, or name a webhook."
        raise InvalidReceiver(message, hint=hint)
    return make_receiver(settings, target)
