"""What payers, clerks, scanners and banks do to references and names."""

import random
import unicodedata
from collections.abc import Callable, Sequence

LOOKALIKES = {"0": "O", "1": "I", "5": "S", "8": "B", "2": "Z", "6": "G", "O": "0", "I": "1", "S": "5", "B": "8"}
PHRASES = (
    "{refs}",
    "{refs}",
    "Rechnung {refs}",
    "Invoice {refs} dated {date}",
    "Payment for {refs}",
    "RG-NR {refs} VOM {date}",
    "/INV/{refs}",
    "Inv. {refs} cust {customer}",
    "{customer} {refs}",
    "Facture {refs} merci",
    "Zahlung {refs} Danke",
    "{refs} / PO {order}",
    "Your ref {refs} our ref {order}",
    "SEPA CREDIT {order} {refs}",
)
VAGUE = (
    "",
    "Payment",
    "Zahlung",
    "your invoice",
    "Rechnung",
    "thank you",
    "offene Posten",
    "account {customer}",
    "{order}",
)


def slip(number: str, rng: random.Random) -> str:
    """One slip in the telling end of a number."""
    start = max(0, len(number) - 6)
    kind = rng.choice((_lookalike, _lookalike, _drop, _double, _swap, _change, _space))
    return number[:start] + kind(number[start:], rng)


def _lookalike(text: str, rng: random.Random) -> str:
    places = [i for i, char in enumerate(text) if char in LOOKALIKES]
    if not places:
        return _double(text, rng)
    i = rng.choice(places)
    return text[:i] + LOOKALIKES[text[i]] + text[i + 1 :]


def _drop(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text))
    return text[:i] + text[i + 1 :]


def _double(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text))
    return text[:i] + text[i] + text[i:]


def _swap(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text) - 1)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _change(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text))
    return text[:i] + str(rng.randrange(10)) + text[i + 1 :]


def _space(text: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(text))
    return f"{text[:i]} {text[i:]}"


def restyled(number: str, rng: random.Random) -> str:
    """The same number as another clerk writes it: other separators, lower case, no prefix."""
    styles: Sequence[Callable[[str], str]] = (
        lambda one: one.replace("-", " ").replace("/", " "),
        lambda one: one.replace("-", "").replace("/", ""),
        lambda one: one.replace("-", "/"),
        str.lower,
        lambda one: one.split("-")[-1].split("/")[-1] if len(one.split("-")[-1].split("/")[-1]) > 4 else one,
        lambda one: one.lstrip("INVRE-"),
        lambda one: one.replace("-", "/").split("/")[-1].lstrip("0"),
    )
    return rng.choice(styles)(number)


def phrase(refs: str, customer: str, rng: random.Random) -> str:
    """A reference text around what is named, or a vague one when nothing is."""
    return rng.choice(PHRASES if refs else VAGUE).format(
        refs=refs,
        customer=customer,
        date=f"{rng.randrange(1, 29):02d}.{rng.randrange(1, 7):02d}.2026",
        order=str(rng.randrange(10**4, 10 ** rng.randrange(5, 10))),
    )


def payer_name(name: str, rng: random.Random) -> str:
    """The name as a bank shows it."""
    changes: Sequence[Callable[[str], str]] = (
        str,
        str.upper,
        lambda one: _plain(one).upper(),
        lambda one: one.upper().replace("Ü", "UE").replace("Ä", "AE").replace("Ö", "OE"),
        lambda one: " ".join(one.split(" ")[:-1]) if len(one.split(" ")) > 2 else one,
        lambda one: one[:18],
        lambda one: " ".join(word if i == 0 else f"{word[:4]}." for i, word in enumerate(one.split(" "))),
        lambda one: ", ".join(reversed(one.split(" "))) if len(one.split(" ")) == 2 else one,
        lambda one: _swap(one, rng),
        lambda one: f"{one} c/o Shared Services",
    )
    return rng.choice(changes)(name)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
