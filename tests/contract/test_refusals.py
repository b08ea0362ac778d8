"""What customers are refused: each refusal has a code, and the portal has words for each code in every language.

By the house's style a message for a customer is a sentence; one for programmers begins in lower case and needs none.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.template import ROOT

CORE, AWS = ROOT / "layers" / "core" / "dunwell", ROOT / "layers" / "aws" / "dunwell_aws"
WORDS = ROOT / "functions" / "portal" / "words"
LANGUAGES = sorted(path.name for path in WORDS.iterdir() if path.is_dir())
SPOKEN = [
    *CORE.glob("arrangements/*.py"),
    *CORE.glob("payments/*.py"),
    CORE / "accounts" / "choices.py",
    CORE / "accounts" / "address_change.py",
    CORE / "ledger" / "disputing.py",
    CORE / "outreach" / "evidence.py",
    CORE / "outreach" / "requests.py",
    AWS / "stripe_gateway.py",
    *(path for path in AWS.glob("portal/*.py") if path.name != "site.py"),
]
"""What customers come to by the portal's pages and its API; an address that is none (``site``) is told by its kind."""
REFUSALS = {"RefusedError", "ConflictError", "InvalidInputError", "NotFoundError", "WrongMethodError"}
"""The errors that name what was wrong by a code. Others, such as a link that is gone, have a page of their own."""


def errors(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Where a file makes such an error, and the call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS and node.args:
            yield f"{path.name}:{node.lineno}", node


def beginning(message: ast.expr) -> str:
    """How a message begins; that of another error or a look-up is not known here."""
    if isinstance(message, ast.JoinedStr):
        message = message.values[0]
    if isinstance(message, ast.FormattedValue):
        return "X"
    return str(message.value)[:1] if isinstance(message, ast.Constant) else ""


def codes_of(call: ast.Call) -> set[str]:
    """The codes that an error may have, as they are written."""
    named = [one.value for one in call.keywords if one.arg == "code"]
    return {str(one.value) for given in named for one in ast.walk(given) if isinstance(one, ast.Constant)}


def has_code(call: ast.Call) -> bool:
    return any(one.arg == "code" for one in call.keywords)


def written_codes() -> set[str]:
    """Every code in these files."""
    return {code for path in SPOKEN for _, call in errors(path) for code in codes_of(call)}


def words(language: str) -> dict[str, str]:
    said = yaml.safe_load((WORDS / language / "problems.yaml").read_text(encoding="utf-8"))
    return {str(code): str(text) for code, text in said["details"].items()}


def test_every_sentence_that_refuses_a_customer_has_a_code() -> None:
    found = [(where, call) for path in SPOKEN for where, call in errors(path)]
    assert len(found) > 50
    assert [where for where, call in found if beginning(call.args[0]).isupper() and not has_code(call)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words_and_every_word_its_code(language: str) -> None:
    assert set(words(language)) == written_codes()
