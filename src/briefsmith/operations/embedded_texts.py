"""What vectors are made from."""

import hashlib


def embedded_text(label: str, content: str) -> str:
    """What a block's vector is made from."""
    return f"{label}\n{content}"


def embedded_text_sha256(label: str, content: str) -> str:
    """As the database computes it when it takes a vector."""
    return hashlib.sha256(embedded_text(label, content).encode()).hexdigest()
