"""Identifiers that the caller makes from business identity, so that the same fact always has the same id."""

import base64
import hashlib


def stable_id(prefix: str, *parts: str) -> str:
    """An unguessable-looking, repeatable id such as ``inv_3k…`` (120 bits of SHA-256 over the parts).

    Each part is length-prefixed, so that ("ab", "c") and ("a", "bc") differ. Two facts with the same parts are the
    same fact: that is what makes every import and every posting repeatable.
    """
    digest = hashlib.sha256(b"".join(f"{len(part.encode())}:".encode() + part.encode() for part in parts)).digest()
    return f"{prefix}_{base64.b32encode(digest[:15]).decode().lower()}"
