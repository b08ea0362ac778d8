"""The portal's words: the same texts with the same variables in every language, each of them used."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, meta

from dunwell.scoring.reasons import SENTENCES
from dunwell_aws.consent_words import CONSENT
from dunwell_aws.phrases import sources, text_environment
from tests.support.template import ROOT

PORTAL = ROOT / "functions" / "portal"
WORDS = PORTAL / "words"
MESSAGES = ROOT / "infra" / "messages"
LANGUAGES = sorted(path.name for path in WORDS.iterdir() if path.is_dir())
AREAS = sorted({CONSENT, *(path.stem for path in (WORDS / "en").glob("*.yaml"))})
KEY = re.compile(r"[\"']([a-z_]+\.[a-z_.]*)[\"']")
INFORMAL = {
    "de": r"\b(du|dich|dir|dein\w*)\b",
    "es": r"\b(tú|tu|tus|te|contigo)\b",
    "fr": r"\b(tu|toi|ton|tes|ta)\b",
}


def texts(language: str) -> dict[str, str]:
    """Every text of a language by its key, area first."""
    found: dict[str, str] = {}
    for path in (*sorted((WORDS / language).glob("*.yaml")), MESSAGES / language / f"{CONSENT}.yaml"):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        found |= {f"{path.stem}.{key}": text for key, text in sources(said)}
    return found


def variables(source: str, environment: Environment) -> set[str]:
    return meta.find_undeclared_variables(environment.parse(source))


def code() -> Iterator[tuple[Path, str]]:
    """Everything that may ask for words."""
    adapters = ROOT / "layers" / "aws" / "dunwell_aws"
    others = ("account_pdf.py", "consent_words.py", "console/read_out.py")
    modules = (*adapters.glob("portal/*.py"), *adapters.glob("code_*.py"), *(adapters / one for one in others))
    for path in (*PORTAL.glob("templates/*.html"), *modules):
        yield path, path.read_text(encoding="utf-8")


def asked() -> set[str]:
    """Keys in the code, and beginnings of keys (with a dot at their end) that it completes while it runs."""
    keys = {key for _, source in code() for key in KEY.findall(source)}
    return {key for key in keys if key.partition(".")[0] in AREAS and not key.endswith((".html", ".yaml"))}


def test_there_are_the_four_languages_and_each_has_its_name() -> None:
    assert set(LANGUAGES) == {"de", "en", "es", "fr"}
    assert set(yaml.safe_load((WORDS / "languages.yaml").read_text(encoding="utf-8"))) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_with_the_same_variables(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert other.keys() == english.keys()
    environment = text_environment(language)
    for key, source in other.items():
        assert variables(source, environment) == variables(english[key], environment), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_holds_markup(language: str) -> None:
    for key, source in texts(language).items():
        assert source.strip(), key
        assert not re.search(r"<\w|&\w+;", source), key


@pytest.mark.parametrize("language", INFORMAL)
def test_customers_are_addressed_formally(language: str) -> None:
    for key, source in texts(language).items():
        assert not re.search(INFORMAL[language], source, re.IGNORECASE), key


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = texts("en")
    same = {key for key, source in texts(language).items() if source == english[key] and len(source.split()) > 3}
    assert not {key for key in same if "{{" not in english[key]}


def test_every_text_is_asked_for_and_every_text_that_is_asked_for_exists() -> None:
    known, found = set(texts("en")), asked()
    whole, beginnings = {key for key in found if not key.endswith(".")}, {key for key in found if key.endswith(".")}
    assert {key for key in whole if key not in known} == set()
    assert {key for key in known - whole if not key.startswith(tuple(beginnings))} == set()


def test_templates_say_nothing_by_themselves() -> None:
    """What stands between tags comes from the words: a letter outside of them would be in one language only."""
    for path in PORTAL.glob("templates/*.html"):
        left = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>|&\w+;", " ", path.read_text(encoding="utf-8"), flags=re.S
        )
        assert not re.findall(r"[A-Za-zÀ-ÿ]{2,}", left), path.name


def test_every_reason_of_the_model_has_its_words_and_the_english_ones_are_the_models_own() -> None:
    assert {f"score.{key}": text for text, key in SENTENCES.items()} == {
        key: text for key, text in texts("en").items() if key.startswith("score.")
    }
