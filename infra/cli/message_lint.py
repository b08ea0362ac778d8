"""What is wrong with the words and layouts of messages, before anybody reads them: ``dunwell-cli message lint``."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from jinja2 import TemplateSyntaxError, meta, nodes

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.compliance.model import Party
from dunwell.compliance.notice_words import WORDS
from dunwell.errors import InvalidInputError
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.policy import Policy, Tone
from dunwell.outreach.stage import THANKS
from dunwell_aws.announced_values import ANNOUNCED_WORDS
from dunwell_aws.consent_words import CONSENT
from dunwell_aws.message_sample import Sample, name_of, render, sample_message, stages_of, used_channels
from dunwell_aws.message_values import LAYOUTS_KNOW, WORDS_KNOW
from dunwell_aws.messages import Renderer
from dunwell_aws.phrases import COMMON, FORBIDDEN, layout_environment, sources, text_environment

REQUIRED = ("subject", "lead", "sms", "ask")
"""What every template says itself; everything else may be left to the common words. Announcements ask nothing."""
PLACES = {"opening", "notices"}
_OPENED = frozenset({"sms.txt", "whatsapp.txt"})
_OF_COMMON = {
    "when": {"days"},
    "table": {"more"},
    "schedule": {"was_amount", "was_on"},
    "letter": {"page", "pages"},
    "statement": {"first", "last"},
}
_CODES = re.compile(r"\b(USD|EUR|GBP|CAD|CHF|JPY)\b")
_NUMBER_PLACE = re.compile(r"%\(n\)s")
_TODAY = date(2026, 11, 23)
# Longest values that are realistic: an address of API Gateway with a token, seven figures and two decimals.
ACCOUNT_URL = "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/v1/l/" + "t" * 43
STOP_URL = "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/v1/stop/" + "s" * 43
_LARGE_MINOR = 999_999_999


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and what to do about it."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def lint(folder: Path, policies: Mapping[str, Policy]) -> list[Fault]:
    """Every fault of the words and layouts in a folder, for these policies by name.

    Words are read first: what cannot be read is not rendered.
    """
    languages = sorted(path.parent.name for path in folder.glob(f"*/{COMMON}.yaml"))
    faults = [*_layouts(folder), *(fault for one in languages for fault in _language(folder, one))]
    return faults or [fault for name, policy in policies.items() for fault in _used(folder, languages, name, policy)]


# --- layouts ---


def _layouts(folder: Path) -> Iterator[Fault]:
    environment = layout_environment(folder)
    for name in LAYOUTS_KNOW:
        place = f"layouts/{name}"
        try:
            text = (folder / "layouts" / name).read_text(encoding="utf-8")
            tree = environment.parse(text)
        except (OSError, TemplateSyntaxError) as error:
            yield Fault(place, f"cannot be read: {error}")
            continue
        named = meta.find_undeclared_variables(tree)
        for missing in sorted((PLACES if name in _OPENED else {"notices"}) - named):
            yield Fault(place, f"leaves no place for the notices that rules ask for: put {{{{ {missing} }}}} into it")
        for unknown in sorted(named - LAYOUTS_KNOW[name] - {"notices"}):
            yield Fault(place, f"there is no variable {unknown!r}")
        if words := _words_of_layout(tree):
            yield Fault(place, f"holds words, which belong to the languages: {words!r}")


def _words_of_layout(tree: nodes.Template) -> str:
    data = "".join(node.data for node in tree.find_all(nodes.TemplateData))
    data = re.sub(r"<!--.*?-->|<style>.*?</style>|<[^<>]*>", " ", data, flags=re.DOTALL)
    data = re.sub(r"<[^<>]*|[^<>]*>", " ", data) if "<" in data or ">" in data else data
    return " ".join(re.findall(r"[^\W\d_]{2,}", data))


# --- words ---


def _language(folder: Path, language: str) -> Iterator[Fault]:
    if language not in WORDS:
        yield Fault(language, "the compliance rules have no notices in this language (compliance/notice_words.py)")
        return
    forbidden = _forbidden(folder / language / f"{FORBIDDEN}.yaml")
    if not forbidden:
        yield Fault(f"{language}/{FORBIDDEN}.yaml", "lists nothing: say what no message may threaten with")
    paths = [one for one in sorted((folder / language).glob("*.yaml")) if one.stem not in (FORBIDDEN, CONSENT)]
    files = {path.stem: _read(path) for path in paths}
    for name, file in files.items():
        place = f"{language}/{name}.yaml"
        if isinstance(file, Fault):
            yield file
            continue
        yield from _missing(folder, place, name, file)
        for path, text in sources(file):
            yield from _text(f"{place}: {path}", text, language, forbidden, _known(name, path))


def _missing(folder: Path, place: str, name: str, file: Mapping[str, Any]) -> Iterator[Fault]:
    if name != COMMON:
        for key in REQUIRED[: len(REQUIRED) - (name in MANNERS)]:
            if not file.get(key):
                yield Fault(place, f"does not say {key!r}")
        for path, text in sources(file):
            if path.split(".")[0] == "sms" and "account_url" not in text:
                yield Fault(f"{place}: {path}", "does not lead to the account: mention {{ account_url }}")
        for key in ("lead", "sms"):
            tones = file.get(key)
            for tone in tones if isinstance(tones, Mapping) else ():
                if tone not in set(Tone):
                    yield Fault(place, f"{key} has an unknown tone {tone!r}; there are: {', '.join(Tone)}")
        return
    wanted = {path for path, _ in sources(_read(folder / "en" / f"{COMMON}.yaml"))}
    for path in sorted(wanted - {path for path, _ in sources(file)}):
        yield Fault(place, f"does not say {path!r}")


def _known(name: str, path: str) -> frozenset[str]:
    section = path.split(".")[0]
    if name == COMMON:
        return WORDS_KNOW | _OF_COMMON.get(section, set())
    return WORDS_KNOW | ANNOUNCED_WORDS if name in MANNERS else WORDS_KNOW


def _text(
    place: str, text: str, language: str, forbidden: Sequence[tuple[str, re.Pattern[str]]], known: frozenset[str]
) -> Iterator[Fault]:
    try:
        tree = text_environment(language).parse(text)
    except TemplateSyntaxError as error:
        yield Fault(place, f"is no template: {error}")
        return
    for unknown in sorted(meta.find_undeclared_variables(tree) - known):
        yield Fault(place, f"there is no variable {unknown!r}; use one of: {', '.join(sorted(known))}")
    said = _said(tree)
    if found := [letter for letter in said if letter.isdigit() or unicodedata.category(letter) == "Sc"]:
        yield Fault(place, f"an amount or a number must come from the ledger, not from the words: {''.join(found)!r}")
    if code := _CODES.search(said):
        yield Fault(place, f"a currency must come from the ledger, not from the words: {code[0]!r}")
    for phrase, pattern in forbidden:
        if pattern.search(said):
            yield Fault(place, f"threatens or claims: {phrase!r} (see {language}/{FORBIDDEN}.yaml)")


def _said(tree: nodes.Template) -> str:
    """What a text says by itself, its variables left out; what stands in quotes inside them is said as well."""
    data = [node.data for node in tree.find_all(nodes.TemplateData)]
    quoted = [str(node.value) for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]
    return _NUMBER_PLACE.sub("", " ".join((*data, *quoted)))


def _forbidden(path: Path) -> list[tuple[str, re.Pattern[str]]]:
    """The phrases of a list; each is the beginning of a word, or with a star in front, a part of one."""
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except OSError:
        return []
    patterns = []
    for phrase in map(str, listed):
        start = "" if phrase.startswith("*") else r"(?<!\w)"
        words = re.escape(phrase.removeprefix("*")).replace(r"\ ", r"\s+")
        patterns.append((phrase.removeprefix("*"), re.compile(start + words, re.IGNORECASE)))
    return patterns


def _read(path: Path) -> Any:
    place = f"{path.parent.name}/{path.name}"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        return Fault(place, f"cannot be read: {error}")
    return found if isinstance(found, Mapping) else Fault(place, "must say each text under a key")


# --- what policies use ---


def _used(folder: Path, languages: Sequence[str], name: str, policy: Policy) -> Iterator[Fault]:
    """Every message that a policy can send, rendered with the longest values that are realistic."""
    if policy.creditor.language not in languages:
        yield Fault(f"policies/{name}.yaml", f"creditor.language {policy.creditor.language!r} has no words")
        return
    renderer = Renderer(folder, policy)
    for language, stage in product(languages, stages_of(policy)):
        channels = {*used_channels(stage, policy), *((Channel.EMAIL, Channel.PORTAL) if stage == THANKS else ())}
        if policy.creditor.party == Party.FIRST:  # carriers take no text messages of others (rule CARRIER-3P)
            channels.add(Channel.SMS)
        elif name_of(stage) in MANNERS:
            channels.discard(Channel.SMS)
        for channel, kind in product(sorted(channels), (CustomerKind.PERSON, CustomerKind.BUSINESS)):
            place = f"policies/{name}.yaml, {language}, {name_of(stage)} by {channel}"
            # Of a text message every tone, because it is the length that matters.
            for tone in Tone if channel is Channel.SMS else (None,):
                amounts = (_LARGE_MINOR,)
                sample = Sample(policy, stage, channel, language, tone, amounts_minor=amounts, kind=kind)
                yield from _rendered(renderer, sample, place)


def _rendered(renderer: Renderer, sample: Sample, place: str) -> Iterator[Fault]:
    try:
        words = render(renderer, sample_message(sample, _TODAY), ACCOUNT_URL, STOP_URL, attach=False)
    except InvalidInputError as error:
        yield Fault(place, str(error))
        return
    if words.instead_of:
        yield Fault(place, f"there are no words in {words.instead_of!r}: {words.language!r} is used instead")
