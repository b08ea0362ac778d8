"""The one clock of a deployment.

A deployment may live at another time (parameter ClockOffsetSeconds, refused in production): a laptop replays a past
day, or a year in minutes, with every function agreeing on what day it is. What lies outside Dunwell keeps real time:
signatures, token lifetimes that DynamoDB ends, the mail's Date header.
"""

from datetime import UTC, datetime, timedelta


class Clock:
    """Now, shifted by a fixed number of seconds."""

    def __init__(self, offset_seconds: int = 0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        """The deployment's present instant in UTC, to the microsecond."""
        return datetime.now(UTC) + self._offset

    def shifted(self, real: datetime) -> datetime:
        """An instant that somebody outside told, as the deployment reckons it."""
        return real + self._offset
