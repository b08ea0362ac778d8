"""Files that a customer adds to a dispute: what they may be, and how an agent finds them again.

What a file is follows from its first bytes, never from its name: a name is whatever the sender likes. Nothing here
opens a file, or looks for viruses.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from dunwell.errors import InvalidInputError

MOST_FILES = 3
MOST_BYTES = 4 * 1024 * 1024
"""Of all files of a form together: written in base64, with the rest of the form, this is less than Lambda's 6 MB."""
_LONGEST_NAME = 80
_BEGINNINGS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_ENDINGS = {"application/pdf": (".pdf",), "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",)}


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """What is known of a file.

    Attributes:
        digest: SHA-256 of its content, in hexadecimal digits. name: as ``clean_name`` gives it. size: in bytes.
    """

    digest: str
    name: str
    media_type: str
    size: int


class EvidenceStore(Protocol):
    """Where the files of requests are kept."""

    def keep(self, customer_id: str, task_id: str, file: EvidenceFile, content: bytes) -> None:
        """Keep a file of a request; kept again it is still one."""
        ...

    def content(self, customer_id: str, task_id: str, file: EvidenceFile) -> bytes:
        """A file's content. Raises NotFoundError: it is not kept (any more)."""
        ...


def read_evidence(given: Iterable[tuple[str, bytes]]) -> dict[EvidenceFile, bytes]:
    """The files of a form with their contents; the same content twice is one file.

    Args:
        given: names, as the sender's browser gives them, and contents.

    Raises:
        InvalidInputError: there are too many files, one is empty or of another kind, or together they are too large.
    """
    files = list(given)
    if len(files) > MOST_FILES:
        raise InvalidInputError(f"Send at most {MOST_FILES} files.", field="files", code="many_files")
    if sum(len(content) for _, content in files) > MOST_BYTES:
        raise InvalidInputError("The files are too large.", field="files", code="large_files")
    contents = {hashlib.sha256(content).hexdigest(): (name, content) for name, content in files}
    return {_file(digest, name, content): content for digest, (name, content) in contents.items()}


def clean_name(given: str, media_type: str) -> str:
    """A file's name without folders and letters that cannot be printed, and with an ending that says what it is."""
    last = given.replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in last if one.isprintable()).strip(" .")[:_LONGEST_NAME] or "file"
    endings = _ENDINGS[media_type]
    return name if name.lower().endswith(endings) else name + endings[0]


def _file(digest: str, name: str, content: bytes) -> EvidenceFile:
    if not content:
        raise InvalidInputError("A file is empty.", field="files", code="empty_file")
    media_type = next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), "")
    if not media_type:
        raise InvalidInputError("Send PDF, JPEG or PNG files.", field="files", code="file_kind")
    return EvidenceFile(digest, clean_name(name, media_type), media_type, len(content))
