"""How long a server asks to be left alone (RFC 9110, 10.2.3)."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def asked_wait_seconds(headers: Mapping[str, str]) -> float | None:
    """What Retry-After asks for, as seconds or as a date after the answer's own; None without.

    Args:
        headers: Of the answer, by any case of their names, as httpx keeps them.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked[:9])
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())
