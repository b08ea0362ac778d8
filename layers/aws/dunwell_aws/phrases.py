"""The words of messages (``infra/messages/<locale>/<template>.yaml``) and of the portal, compiled once.

A file holds words and no layout. A value is one text for every tone, or a text for each of some tones; a tone that is
missing is said as the next milder one. What a template does not say, ``common.yaml`` does.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    UndefinedError,
    select_autoescape,
)

from dunwell.errors import InvalidInputError
from dunwell.outreach.stage import Tone
from dunwell_aws.consent_words import CONSENT
from dunwell_aws.localised import localised

COMMON = "common"
FORBIDDEN = "forbidden"
NO_TEMPLATES = frozenset({COMMON, FORBIDDEN, CONSENT})
"""Files of words that are no message."""
LAYOUTS = "layouts"
_TONES = tuple(Tone)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text_environment(language: str) -> Environment:
    """How words are rendered: as plain text, and never with a gap."""
    made = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - layouts escape what is put into them
    made.filters["plural"] = localised(language).plural
    return made


def layout_environment(folder: Path) -> Environment:
    """How layouts are rendered: HTML escapes, and no gap is ever left."""
    return Environment(
        loader=FileSystemLoader(folder / LAYOUTS),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Phrases:
    """The words in one language.

    Raises:
        InvalidInputError: on first use of a file that cannot be read.
    """

    def __init__(self, folder: Path, language: str) -> None:
        self._folder = folder / language
        self._place = "/".join(self._folder.parts[-3:])
        self.language = language
        self._files: dict[str, Mapping[str, Any]] = {}
        self._compiled: dict[str, Template] = {}
        self._environment = text_environment(language)

    @property
    def templates(self) -> list[str]:
        """The names of the templates that there are in this language."""
        return sorted(path.stem for path in self._folder.glob("*.yaml") if path.stem not in NO_TEMPLATES)

    def has(self, template: str) -> bool:
        """Whether the language has a template."""
        return template in self._files or (self._folder / f"{template}.yaml").is_file()

    def file(self, name: str) -> Mapping[str, Any]:
        """What a file says, by key.

        Raises:
            InvalidInputError: it is missing or is not a mapping.
        """
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    @cached_property
    def common(self) -> Mapping[str, Any]:
        """What every template shares."""
        return self.file(COMMON)

    def source(self, template: str, key: str, tone: Tone) -> str:
        """A text before its variables are put in; empty when neither the template nor the common words say it."""
        value = self.file(template).get(key, self.common.get(key, ""))
        return _toned(value, tone) if isinstance(value, Mapping) else str(value)

    def say(self, source: str, values: Mapping[str, Any]) -> str:
        """A text with its variables.

        Raises:
            InvalidInputError: it names a variable that there is not, or is no template.
        """
        if "{" not in source:
            return source
        try:
            if source not in self._compiled:
                self._compiled[source] = self._environment.from_string(source)
            return self._compiled[source].render(values)
        except (UndefinedError, TemplateError) as error:
            raise InvalidInputError(f"a text of {self._place} cannot be said: {error}") from None

    def _read(self, name: str) -> Mapping[str, Any]:
        path = self._folder / f"{name}.yaml"
        try:
            found = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        except FileNotFoundError:
            raise InvalidInputError(
                f"the message {name!r} has no words in {self.language!r}: write {path.parent.name}/{path.name}"
            ) from None
        except yaml.YAMLError as error:
            raise InvalidInputError(f"{self._place}/{name}.yaml cannot be read: {error}") from None
        if not isinstance(found, Mapping):
            raise InvalidInputError(f"{self._place}/{name}.yaml must say each text under a key")
        return found


def sources(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a file with the path of its key, such as ``lead.firm``."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from sources(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from sources(inner, f"{path}.{index}")
    else:
        yield path, str(value)


def _toned(by_tone: Mapping[str, str], tone: Tone) -> str:
    """The text of a tone, else of the next milder one, else of the mildest that there is."""
    milder = [one for one in reversed(_TONES[: _TONES.index(tone) + 1]) if one in by_tone]
    return by_tone[milder[0]] if milder else by_tone[next(one for one in _TONES if one in by_tone)]
