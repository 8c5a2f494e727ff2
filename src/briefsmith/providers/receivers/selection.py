"""Which receiver a target asks for."""

from briefsmith.config import Settings
from briefsmith.providers.receivers.port import Receiver
from briefsmith.schemas.receivers import FileTarget, Stdout, Target


def make_receiver(
    settings: Settings, target: Target, *, overwrite: bool = False
) -> Receiver | None:
    """The receiver; None for standard output, which is the face's. Opens nothing yet.

    Args:
        settings: What the environment decides.
        target: As read from its text.
        overwrite: Whether a file may take the place of one that is there.

    Raises:
        InvalidSetting: There is no secret to sign with, or one that is none.
    """
    match target:
        case Stdout():
            return None
        case FileTarget():
            from briefsmith.providers.receivers.files import ReceivingFile

            return ReceivingFile(target.path, overwrite=overwrite)
        case _:
            from briefsmith.providers.receivers.signing import read_secrets
            from briefsmith.providers.receivers.webhooks import Webhook

            return Webhook(
                target,
                read_secrets(settings.webhook_secret),
                allow_private=settings.webhook_allow_private,
            )
