"""Which IP addresses a webhook may have."""

from ipaddress import IPv6Address

from briefsmith.errors import InvalidReceiver
from briefsmith.providers.ip_addresses import Resolve, looked_up, reach_of_all
from briefsmith.schemas.receivers import WebhookTarget
from briefsmith.schemas.web_addresses import IPAddress


async def checked_addresses(
    target: WebhookTarget, look_up: Resolve, *, allow_private: bool
) -> list[IPAddress]:
    """The addresses to connect to, and no others.

    Raises:
        InvalidReceiver: One of them is none that a webhook may have.
        OSError: The name has none, or nobody could be asked.
    """
    addresses = await looked_up(target, look_up)
    reach = reach_of_all(addresses)
    if reach == "never":
        message = f"The webhook {target.authority} has an address that nothing is ever sent to."
        raise InvalidReceiver(message, details={"host": target.authority})
    if reach == "private" and not allow_private:
        message = f"The webhook {target.authority} is on this machine or in a private network."
        hint = "Where you mean it, set BRIEFSMITH_WEBHOOK_ALLOW_PRIVATE to 1."
        raise InvalidReceiver(message, hint=hint, details={"host": target.authority})
    if target.scheme == "http" and any(not _is_loopback(address) for address in addresses):
        message = f"The webhook {target.authority} is not encrypted."
        hint = "Use https; http is for the machine itself."
        raise InvalidReceiver(message, hint=hint, details={"host": target.authority})
    return addresses


def _is_loopback(address: IPAddress) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
