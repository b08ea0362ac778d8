"""Consent on a page: the exact words beside a button, and proof that these were the words when it was pressed."""

import hashlib
import hmac
from dataclasses import dataclass, field

from chalice.app import Request

from dunwell.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Consent:
    """Words that a button agrees to.

    Attributes:
        words: exactly as shown; they are kept as evidence.
        method_id, label: the saved payment method they are about; empty for none.
        digest: of the words; the form sends it back.
    """

    words: str
    method_id: str = ""
    label: str = ""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.words.encode()).hexdigest())

    def agreed(self, shown: str) -> str:
        """The words, if they are those that were shown.

        Raises:
            ConflictError: other words were: the terms or the language changed in another tab, or meanwhile.
        """
        if not hmac.compare_digest(self.digest.encode(), shown.encode()):
            raise ConflictError(
                "The words have changed since you saw them. Please read them again.", code="other_words"
            )
        return self.words


def source_address(request: Request) -> str:
    """The network address that a request came from, as API Gateway saw it; empty when it does not say."""
    identity = request.context.get("identity") or {}
    return str(identity.get("sourceIp") or "")
