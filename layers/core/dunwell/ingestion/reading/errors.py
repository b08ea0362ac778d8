"""What stops a file as a whole."""

from dunwell.errors import InvalidInputError


class UnreadableFileError(InvalidInputError):
    """The file as a whole cannot be read; nothing of it was taken."""
