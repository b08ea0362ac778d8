"""What the portal says, in each language: ``functions/portal/words/<language>/<area>.yaml``.

What customers agree to (area ``consent``) stands with the words of messages, as agents read it out, too.

The same mechanism as for messages (``dunwell_aws.phrases``): words only, their variables in double braces, plural forms
by ``{{ n|plural('one', '%(n)s others') }}``, amounts and dates as the customer's country writes them.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dunwell.errors import InvalidInputError
from dunwell.timezones import zone
from dunwell_aws.consent_words import CONSENT
from dunwell_aws.localised import Localised, localised

if TYPE_CHECKING:
    from dunwell_aws.phrases import Phrases

_LANGUAGES = "languages.yaml"


class Say:
    """One language as one country writes it.

    Attributes:
        language: ISO 639-1; tag: BCP 47, what a page says its language is.
        messages: the words of messages in this language, for what is in both, such as statements.
    """

    def __init__(self, phrases: "Phrases", messages: "Phrases", writer: Localised, zone_name: str) -> None:
        self._phrases = phrases
        self.messages = messages
        self._zone = zone(zone_name)
        self.writer = writer
        self.language = phrases.language
        self.tag = writer.tag

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key such as ``account.owe``, area first, with its variables.

        Raises:
            InvalidInputError: there is no such text, or it names a variable that was not given.
        """
        return self._phrases.say(self._source(key), values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return isinstance(self._found(key), str)

    def kind(self, what: str) -> str:
        """What an entry is called, as on statements."""
        return str(self.messages.common["statement"]["kinds"][what])

    def money(self, amount_minor: int, currency: str) -> str:
        """An amount of minor units."""
        return self.writer.money(amount_minor, currency)

    def date(self, day: date) -> str:
        """A date in full; of an instant that of the creditor's day."""
        return self.writer.long_date(day.astimezone(self._zone).date() if isinstance(day, datetime) else day)

    def number(self, count: int) -> str:
        """A whole number with the language's separators."""
        return self.writer.number(count)

    def _source(self, key: str) -> str:
        found = self._found(key)
        if not isinstance(found, str):
            raise InvalidInputError(f"the portal has no words {key!r} in {self.language!r}")
        return found

    def _found(self, key: str) -> Any:
        area, *path = key.split(".")
        phrases = self.messages if area == CONSENT else self._phrases
        if not phrases.has(area):
            return None
        found: Any = phrases.file(area)
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found


class Words:
    """The languages that the portal speaks.

    Args:
        folder: with a folder for each language and a file of their names.
        messages: with the words of messages.
        default: the creditor's language, for whoever prefers none of them.
        zone_name: of the creditor, whose dates are shown.
    """

    def __init__(self, folder: Path, messages: Path, default: str, zone_name: str) -> None:
        self._folder = folder
        self._messages = messages
        self._zone_name = zone_name
        self._default = default
        self._phrases = cache(self._read)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Each language's own name, by its code."""
        import yaml

        names: dict[str, str] = yaml.safe_load((self._folder / _LANGUAGES).read_text(encoding="utf-8"))
        return names

    @property
    def default(self) -> str:
        """The language of whoever prefers none that there is."""
        return self._default if self._default in self.names else next(iter(self.names))

    def say(self, language: str, country: str = "") -> Say:
        """A language as a country (ISO 3166 alpha-2) writes it; the default where there is no such language."""
        known = language if language in self.names else self.default
        own, messages = self._phrases(self._folder, known), self._phrases(self._messages, known)
        return Say(own, messages, localised(known, country), self._zone_name)

    def preferred(self, accepted: str) -> str:
        """The language that a browser's ``Accept-Language`` prefers among those that there are; else the default."""
        wishes = [_wish(part) for part in accepted.split(",")]
        for language, weight in sorted(wishes, key=lambda wish: -wish[1]):
            if weight > 0 and language in self.names:
                return language
        return self.default

    def _read(self, folder: Path, language: str) -> "Phrases":
        from dunwell_aws.phrases import Phrases

        return Phrases(folder, language)


def _wish(part: str) -> tuple[str, float]:
    """A language and its weight, from a part such as ``de-AT;q=0.8``."""
    tag, _, weight = part.partition(";q=")
    try:
        return tag.strip().partition("-")[0].lower(), float(weight or 1)
    except ValueError:
        return "", 0.0
