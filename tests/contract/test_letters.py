"""Letters and statements as PDF: what they say, where the address stands, and that nothing is printed with a gap."""

import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Tone
from dunwell.reporting.statement import statement
from dunwell_aws.documents import folder
from dunwell_aws.localised import localised
from dunwell_aws.messages import Renderer
from dunwell_aws.phrases import Phrases
from dunwell_aws.statement_pdf import statement_pdf
from tests.support.outreach import NOW, POLICY, contact, overdue
from tests.support.portal import CREDITOR, account, customer

MESSAGES = folder("infra") / "messages"
RENDERER = Renderer(MESSAGES, POLICY)
URL = "https://portal.example/v1/l/" + "t" * 43
ADDRESS = "Hauptstraße 12\n10115 Berlin\nDE"
MM = 72 / 25.4


def about(invoices: int = 2, address: str = ADDRESS, **who: Any) -> Message:
    owing = account(
        *(overdue(12 + number, f"A-{number:03}", 123_450) for number in range(invoices)),
        who=customer(**{"language": "de", "country": "DE", "name": "Łódź & Söhne"} | who),
    )
    planned = contact("final", template="final", tone=Tone.FINAL)
    return Message(planned, owing, address, owing.open_invoices, NOW)


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def places(reader: PdfReader, page: int = 0) -> dict[str, tuple[float, float]]:
    """Where each piece of text begins: millimetres from the left and from the top."""
    found: dict[str, tuple[float, float]] = {}
    height = float(reader.pages[page].mediabox.height)

    def note(text: str, matrix: list[float], text_matrix: list[float], *_: object) -> None:
        if text.strip():
            x, y = matrix[4] + text_matrix[4], matrix[5] + text_matrix[5]
            found.setdefault(text.strip(), (x / MM, (height - y) / MM))

    reader.pages[page].extract_text(visitor_text=note)
    return found


def text_of(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


def test_a_letter_says_all_that_it_must_and_names_its_language_and_title() -> None:
    reader = read(RENDERER.letter(about(), URL))
    said = " ".join(text_of(reader).split())
    for part in (
        "Guten Tag Łódź & Söhne,",
        "A-000",
        "11.11.2026 (12 Tage überfällig)",
        "1.234,50",
        "2.469,00",
        "Datum: 23. November 2026",
        "Kundennummer: C-1042",
        "Diese Nachricht betrifft eine Forderung von Example Supplies Ltd",
        "Seite 1 von 1",
    ):
        assert part in said.replace("\u00a0", " ")
    assert reader.metadata is not None
    assert reader.metadata.title == "Bitte kümmern Sie sich um Ihr überfälliges Konto"
    assert str(reader.root_object["/Lang"]) == "de-DE"
    assert (round(float(reader.pages[0].mediabox.width) / MM), round(float(reader.pages[0].mediabox.height) / MM)) == (
        210,
        297,
    )


@pytest.mark.parametrize(
    ("country", "left", "top", "right", "bottom"),
    [("DE", 20, 45, 105, 90), ("FR", 100, 50, 190, 85), ("US", 21, 52, 136, 80)],
)
def test_the_address_stands_in_the_window_and_nothing_else_does(
    country: str, left: float, top: float, right: float, bottom: float
) -> None:
    found = places(read(RENDERER.letter(about(country=country), URL)))
    in_window = [text for text, (x, y) in found.items() if left <= x <= right and top <= y <= bottom]
    assert "\n".join(in_window).split("\n") == ["Łódź & Söhne", *ADDRESS.splitlines()]


def test_north_america_writes_on_letter_paper() -> None:
    size = read(RENDERER.letter(about(country="US"), URL)).pages[0].mediabox
    assert (float(size.width), float(size.height)) == (612, 792)


def test_many_invoices_take_several_pages_that_are_numbered_and_headed() -> None:
    reader = read(RENDERER.letter(about(150), URL))
    assert len(reader.pages) > 2
    for number, page in enumerate(reader.pages, 1):
        assert f"Seite {number} von {len(reader.pages)}" in page.extract_text()
    assert all("Fällig am" in page.extract_text() for page in reader.pages[:-1])
    said = text_of(reader)
    assert [f"A-{number:03}" in said for number in range(150)] == [True] * 150


def test_letters_that_the_fonts_lack_stop_the_letter() -> None:
    with pytest.raises(InvalidInputError, match=r"the letters 会 式 株 社 cannot be printed"):
        RENDERER.letter(about(name="株式会社"), URL)
    with pytest.raises(InvalidInputError, match="cannot be printed"):
        RENDERER.letter(about(address="東京\nJP"), URL)


def test_a_letter_without_a_link_has_no_code() -> None:
    assert "Code scannen" in text_of(read(RENDERER.letter(about(), URL)))
    assert "Code scannen" not in text_of(read(RENDERER.letter(about())))


def test_fonts_are_in_the_file() -> None:
    """A print service has none of its own."""
    fonts = read(RENDERER.letter(about(), URL)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    used = [font.get_object() for font in fonts.values()]
    embedded = [font for font in used if "/FontDescriptor" in font and "/FontFile2" in font["/FontDescriptor"]]
    assert {font["/BaseFont"].rpartition("+")[2] for font in embedded} == {"DejaVuSans", "DejaVuSans-Bold"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Statement of account", "Opening balance", "Credit note", "Unapplied credit")),
        ("es", ("Extracto de cuenta", "Saldo inicial", "Abono", "Saldo a su favor sin aplicar")),
        ("fr", ("Relevé de compte", "Solde de clôture", "Avoir", "Avoir non imputé")),
        ("de", ("Kontoauszug", "Anfangssaldo", "Gutschrift", "Nicht zugeordnetes Guthaben")),
    ],
)
def test_a_statement_is_in_the_customers_language_with_every_entry(language: str, words: tuple[str, ...]) -> None:
    first = overdue(12, "A-1", 123_450)
    credit = Entry(
        "ent_1", EntryKind.CREDIT_NOTE, "USD", 23_450, first.due_on, directed_to=(Direction("inv_a-1", 23_450),)
    )
    money = Entry("pay_1", EntryKind.PAYMENT, "GBP", 5_000, date(2026, 11, 20), reference="TR-77")
    other = overdue(3, "E-1", 700, currency="EUR")
    owing = account(first, credit, other, money, who=customer(language=language))
    made = statement(owing, date(2026, 9, 1), date(2026, 11, 23))
    said = text_of(read(statement_pdf(made, CREDITOR, Phrases(MESSAGES, language), localised(language))))
    for part in (*words, "A-1", "TR-77", "E-1", "USD", "EUR", "GBP"):
        assert part in said
    closing = localised(language).money(made.currencies[-1].closing_minor, "USD")
    assert "".join(closing.split()) in "".join(said.split())


def test_a_statement_of_nothing_says_so() -> None:
    made = statement(account(), date(2026, 9, 1), date(2026, 11, 23))
    said = text_of(read(statement_pdf(made, CREDITOR, Phrases(MESSAGES, "en"), localised("en"))))
    assert "Nothing was owed or happened in this period." in said


def test_every_kind_of_entry_has_words_in_every_language() -> None:
    for language in RENDERER.languages:
        kinds = Phrases(MESSAGES, language).common["statement"]["kinds"]
        assert set(kinds) == {*EntryKind, "invoice"}


def test_a_statement_of_hundreds_of_lines_is_on_numbered_pages() -> None:
    owing = about(300)
    reader = read(RENDERER.statement(replace(owing, contact=replace(owing.contact, template="due"))))
    assert f"Seite {len(reader.pages)} von {len(reader.pages)}" in reader.pages[-1].extract_text()
    assert "A-299" in text_of(reader)
