"""Signatures of deliveries, with which a receiver knows who sent them, and when.

Source: Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from briefsmith.errors import InvalidSetting

_NAME = "BRIEFSMITH_WEBHOOK_SECRET"
_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64
_HINT = (
    "Give whsec_ and 24 to 64 random bytes as base64, the same as the receiver has: "
    'echo "whsec_$(openssl rand -base64 32)".'
)


def read_secrets(text: str | None) -> tuple[bytes, ...]:
    """The keys that a setting holds, apart by spaces: a new and an old one, while a receiver changes over.

    Raises:
        InvalidSetting: There is none, or one that is none; it is not quoted.
    """
    words = (text or "").split()
    if not words:
        message = f"{_NAME} is not set, and nothing goes to a webhook unsigned."
        raise InvalidSetting(message, hint=_HINT, details={"name": _NAME})
    return tuple(map(_read_secret, words))


def _read_secret(word: str) -> bytes:
    try:
        key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not word.startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        message = f"{_NAME} is no secret of a webhook."
        raise InvalidSetting(message, hint=_HINT, details={"name": _NAME})
    return key


def signed_headers(
    keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message, with one signature a key.

    Args:
        keys: At least one.
        message_id: Without a full stop, and the same however often the message is sent.
        timestamp: When it is sent, in seconds since 1970.
        body: As it is sent, byte for byte.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
