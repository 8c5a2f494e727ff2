"""Language tags (BCP 47), as far as their form tells."""

import re

from briefsmith.schema_sync.upgrade.rows import Json

# language, up to three extensions of it, script, region, variants, extensions, private use
_TAG = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE | re.ASCII,
)
_MOST = 35  # what RFC 5646 wants every program to hold


def language_tag(value: Json) -> str | None:
    """The tag that a text is, `en-US` for `en_US ` too; None where it is none."""
    if not isinstance(value, str):
        return None
    text = value.strip().replace("_", "-")
    return text if len(text) <= _MOST and _TAG.fullmatch(text) else None
