"""The linter of messages: silent about what is shipped, and about each way to spoil it, loud."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dunwell.outreach.announced import Announced
from dunwell.outreach.policy import Conditions, Stage
from dunwell_aws.documents import folder, read_policy
from infra.cli.__main__ import main
from infra.cli.message_lint import lint
from tests.support.outreach import BOTH, POLICY

INFRA = folder("infra")
MESSAGES = INFRA / "messages"
POLICIES = {path.stem: read_policy(INFRA, path.stem) for path in sorted((INFRA / "policies").glob("*.yaml"))}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MESSAGES, tmp_path / "messages"))


def faults(copied: Path) -> list[str]:
    return [str(fault) for fault in lint(copied, {"test": POLICY})]


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_is_shipped_has_no_faults() -> None:
    assert [str(fault) for fault in lint(MESSAGES, POLICIES)] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "layouts/email.html",
            "{% for notice in notices %}",
            "{% for notice in [] %}",
            "leaves no place for the notices",
        ),
        ("layouts/sms.txt", "{{ opening }} ", "", "put {{ opening }} into it"),
        ("layouts/sms.txt", "{{ sms }}", "{{ smss }}", "layouts/sms.txt: there is no variable 'smss'"),
        ("layouts/email.txt", "{{ signature }}", "Regards, {{ signature }}", "holds words"),
        ("layouts/call.txt", "{{ ask }}", "{{ ask }", "layouts/call.txt: cannot be read"),
        ("en/firm.yaml", "is overdue. Please", "is overdue or we will sue you. Please", "threatens or claims: 'sue'"),
        ("en/firm.yaml", "Your account is overdue", "Final  notice", "threatens or claims: 'final notice'"),
        ("es/due.yaml", "ya ha vencido y no", "ya ha vencido, tomaremos acciones legales y no", "'acciones legales'"),
        ("fr/due.yaml", "Merci de le régler maintenant", "Avant des poursuites, merci", "'poursuites'"),
        ("de/due.yaml", "Bitte begleichen", "Sonst hilft das Amtsgericht. Bitte begleichen", "'gericht'"),
        ("en/due.yaml", "next few days", "next 7 days", "must come from the ledger, not from the words: '7'"),
        ("en/due.yaml", "{{ total }} is past due", "€{{ total }} is past due", "not from the words: '€'"),
        ("en/due.yaml", "{{ total }} is past due", "{{ total }} EUR is past due", "not from the words: 'EUR'"),
        ("en/due.yaml", "your open invoice'", "1 open invoice'", "must come from the ledger, not from the words: '1'"),
        ("de/due.yaml", "{{ total }}", "{{ sum }}", "there is no variable 'sum'; use one of: account_url, count"),
        ("de/due.yaml", "{{ total }}", "{{ total", "is no template"),
        ("de/due.yaml", "ask:", "asks:", "de/due.yaml: does not say 'ask'"),
        ("de/due.yaml", "  firm:", "  firmly:", "lead has an unknown tone 'firmly'"),
        ("fr/common.yaml", "button:", "buttons:", "fr/common.yaml: does not say 'button'"),
        ("fr/common.yaml", "  caption:", "  captions:", "fr/common.yaml: does not say 'table.caption'"),
        ("en/due.yaml", "See and pay: {{ account_url }}", "See and pay.", "does not lead to the account"),
        (
            "en/due.yaml",
            "past due. See",
            "past due. " + "Please be so kind. " * 12 + "See",
            "the text message would take 3",
        ),
        (
            "en/upcoming.yaml",
            "a short note ahead of time: {{",
            "короткая заметка " * 5 + "{{",
            "of UCS-2); 2 are the most",
        ),
        ("en/due.yaml", "subject:", "subject: [", "en/due.yaml: cannot be read"),
    ],
)
def test_each_way_to_spoil_a_message_is_told(copied: Path, file: str, old: str, new: str, fault: str) -> None:
    spoil(copied / file, old, new)
    found = faults(copied)
    assert any(fault in one for one in found), found


def test_a_template_that_a_policy_uses_must_be_there_in_every_language(copied: Path) -> None:
    (copied / "fr" / "firm.yaml").unlink()
    found = faults(copied)
    assert "policies/test.yaml, fr, firm by email: there are no words in 'fr': 'en' is used instead" in found
    (copied / "en" / "firm.yaml").unlink()
    assert any("the message 'firm' has no words" in one for one in faults(copied))


def test_a_layout_that_is_missing_is_told(copied: Path) -> None:
    (copied / "layouts" / "portal.txt").unlink()
    assert any(one.startswith("layouts/portal.txt: cannot be read") for one in faults(copied))


def test_a_language_needs_a_list_of_what_it_may_not_say_and_notices(copied: Path) -> None:
    (copied / "es" / "forbidden.yaml").unlink()
    shutil.copytree(copied / "en", copied / "pt")
    found = faults(copied)
    assert "es/forbidden.yaml: lists nothing: say what no message may threaten with" in found
    assert any(one.startswith("pt: the compliance rules have no notices in this language") for one in found)


def test_a_stage_of_ones_own_without_words_is_told() -> None:
    stages = (*POLICY.stages, Stage("legal", Conditions(60), BOTH))
    found = [str(one) for one in lint(MESSAGES, {"own": replace(POLICY, stages=stages)})]
    assert any("policies/own.yaml, en, legal by email: the message 'legal' has no words" in one for one in found)


def test_the_command_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["message", "lint"]) == 0
    assert capsys.readouterr().out.startswith("0 faults in the messages of")


def test_a_preview_is_the_message_with_its_size_and_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["message", "preview", "--stage", "firm", "--channel", "sms", "--locale", "de"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Example Supplies Ltd: 1.724,49 € sind")
    assert "2 parts: " in said
    assert "Rule SCOPE-FIRST-PARTY: 12 USC 5531" in said


def test_a_preview_in_a_language_without_words_says_what_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["message", "preview", "--stage", "due", "--locale", "pt"]) == 0
    assert "There are no words in 'pt': 'en' is used instead." in capsys.readouterr().err


def test_a_preview_may_go_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for channel, name, begins in (
        ("letter", "letter.pdf", b"%PDF-"),
        ("email", "statement.pdf", b"%PDF-"),
        ("email", "mail.html", b"<!doctype html>"),
        ("email", "mail.txt", b"Dear Anna"),
    ):
        arguments = ["--stage", "firm", "--channel", channel, "--out", str(tmp_path / name)]
        assert main(["message", "preview", *arguments]) == 0
        assert (tmp_path / name).read_bytes().startswith(begins)


def test_a_preview_of_a_stage_that_is_not_there_says_which_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["message", "preview", "--stage", "x"]) == 1
    assert "the policy has no stage 'x'; it has: upcoming, due, firm, final, thanks" in capsys.readouterr().err


def test_the_gallery_has_every_message_of_a_policy(tmp_path: Path) -> None:
    assert main(["message", "gallery", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*-email.html"))) == 4 * (5 + len(Announced))
    assert (tmp_path / "es-agreement_copy-letter.pdf").is_file()
    assert not list(tmp_path.glob("*-receipt-call*"))
    assert (tmp_path / "de-final-letter.pdf").is_file()
    assert (tmp_path / "fr-thanks-sms.txt").is_file()


# --- what no template may say, in sentences of our own ---

THREATS = {
    "en": [
        "Our lawyers will contact you.",
        "Expect a letter from our solicitors.",
        "We will begin litigation.",
        "A collection agency takes over.",
        "We will file a lien.",
        "A judgment will be entered.",
        "Your wages will be docked.",
        "We will foreclose.",
        "A warrant will be issued.",
        "Pay immediately.",
        "Urgent: answer today.",
        "You will lose your house.",
        "Your relatives will hear of it.",
        "Your credit file will show it.",
        "You must pay today.",
    ],
    "es": [
        "Será demandado.",
        "Nuestros abogados le escribirán.",
        "Será denunciado.",
        "Interpondremos una demanda.",
        "Iniciaremos un procedimiento monitorio.",
        "Pasará a una agencia de cobro.",
        "Le incluiremos en un registro de morosos.",
        "Se enterarán sus familiares.",
        "Urgente: responda hoy.",
    ],
    "fr": [
        "Nous vous poursuivrons.",
        "Nos avocats vous écriront.",
        "Vous serez assigné.",
        "Votre salaire sera saisi.",
        "Une procédure judiciaire suivra.",
        "Le dossier part au contentieux.",
        "Nous déposerons plainte.",
        "Dernier rappel.",
    ],
    "de": [
        "Unser Anwalt schreibt Ihnen.",
        "Wir gehen juristisch vor.",
        "Das ist strafbar.",
        "Ein Inkassobüro übernimmt.",
        "Wir erstatten Anzeige.",
        "Ihr Lohn wird gepfändet.",
        "Wir informieren Ihren Arbeitgeber.",
        "Zahlen Sie umgehend.",
        "Letztmalige Erinnerung.",
    ],
}
AMOUNTS = {
    "en": ["Pay one hundred dollars.", "You have two days.", "Pay within twenty-four hours.", "Send fifty euros."],
    "es": ["Pague cien euros.", "Tiene dos días."],
    "fr": ["Payez cent euros.", "Vous avez deux jours."],
    "de": ["Zahlen Sie hundert Euro.", "Sie haben zwei Tage."],
}


def found_in(text: str, language: str, copied: Path) -> list[str]:
    path = copied / language / "due.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(document | {"subject": text}, allow_unicode=True), encoding="utf-8")
    return [one for one in faults(copied) if "subject" in one]


@pytest.mark.parametrize(("language", "text"), [(one, text) for one, texts in THREATS.items() for text in texts])
def test_a_threat_in_any_form_of_its_words_is_told(copied: Path, language: str, text: str) -> None:
    assert any("threatens or claims" in one for one in found_in(text, language, copied))


@pytest.mark.parametrize(("language", "text"), [(one, text) for one, texts in AMOUNTS.items() for text in texts])
def test_an_amount_or_a_deadline_in_words_is_told(copied: Path, language: str, text: str) -> None:
    assert any("must come from the ledger" in one for one in found_in(text, language, copied))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Pay {{ 100 }} now", "must come from the ledger"),
        ("Pay {{ 5 * 20 }} now", "must come from the ledger"),
        ("Pay ½ now", "must come from the ledger"),
        ("We will {{ 's' ~ 'ue you' }}", "puts text together (concat)"),
        ("{% set x = 'su' %}We will {{ x }}e you", "puts text together (assign)"),
        ("We will {{ 'eus'|reverse }} you", "changes a text by 'reverse'"),
        ("We will s{# #}ue you", "threatens or claims: 'sue'"),
        ("We will s\u200bue you", "threatens or claims: 'sue'"),
        ("See you\u00ad soon", "U+00AD"),
        ("We will \uff53\uff55\uff45 you", "threatens or claims: 'sue'"),
    ],
)
def test_words_that_are_hidden_or_put_together_are_told(copied: Path, text: str, fault: str) -> None:
    found = found_in(text, "en", copied)
    assert any(fault in one for one in found), found


@pytest.mark.parametrize("added", ["$100.00", "2026", "&euro;"])
@pytest.mark.parametrize("layout", ["letter.txt", "email.html"])
def test_a_layout_with_an_amount_or_a_number_of_its_own_is_told(copied: Path, layout: str, added: str) -> None:
    path = copied / "layouts" / layout
    path.write_text(path.read_text(encoding="utf-8") + f"\n{added}\n", encoding="utf-8")
    told = [one for one in faults(copied) if f"layouts/{layout}" in one]
    assert told, "an amount of its own"
