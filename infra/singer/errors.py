"""What stops the target."""


class TargetError(Exception):
    """Nothing more was taken; the message says why and what to do. The last STATE written still holds."""
