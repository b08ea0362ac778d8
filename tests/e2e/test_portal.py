"""The portal as it is deployed: files to take along, another language, a dispute with evidence."""

import re

from tests.e2e.test_payments import reminded
from tests.support.deployment import Deployment
from tests.support.visitors import agent_at_console, customer_at_portal, words

EVIDENCE = b"%PDF-1.7\r\n" + bytes(range(256)) * 4_000


def test_a_customer_takes_papers_along_reads_another_language_and_contests_an_invoice(deployed: Deployment) -> None:
    (number,) = reminded(deployed, 1)
    visitor = customer_at_portal(deployed, number)
    (invoice_id,) = deployed.account(number).invoices

    files = {
        "copy": visitor.get(f"/invoices/{invoice_id}/pdf"),
        "statement": visitor.get("/statement/pdf"),
        "workbook": visitor.get("/statement/xlsx"),
    }
    german = visitor.submit(visitor.get("/account"), "/language", language="de")
    page = visitor.get(f"/invoices/{invoice_id}/dispute")
    said = {"reason": "not_received", "part": "whole", "text": "Nichts kam an."}
    contested = visitor.submit_files(page, "/dispute", {"Beleg.pdf": EVIDENCE}, said)

    assert {name: file.content[:2] for name, file in files.items()} == {
        "copy": b"%P",
        "statement": b"%P",
        "workbook": b"PK",
    }
    assert "Ihr Konto" in words(german)
    assert "Wir haben Ihre Beanstandung und Ihre Dateien erhalten" in words(contested)
    account = deployed.account(number)
    assert account.customer.language == "de"
    assert account.disputed_minor(invoice_id) == account.open_minor(invoice_id)
    assert [hold.kind for hold in account.customer.holds] == ["dispute_written"]
    agent = agent_at_console(deployed)
    tasks = re.findall(rf"/tasks/{account.customer.customer_id}/\w+", agent.get("/tasks").text)
    (link,) = re.findall(rf"{tasks[0]}/files/\w+", agent.get(tasks[0]).text)
    handed_out = agent.get(link)
    assert handed_out.content == EVIDENCE
    assert handed_out.headers["Content-Disposition"] == 'attachment; filename="Beleg.pdf"'
