"""The agents' Cash page in a browser on a phone: found, understood, and accepted by keyboard."""

from playwright.sync_api import Page, expect

from infra.local.bank_statement import Transfer, camt053
from tests.browser.test_agent import sign_in
from tests.support.chromium import problems
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import Deployment


def test_an_agent_accepts_a_proposal_and_chooses_otherwise_by_keyboard(deployed: Deployment, phone: Page) -> None:
    number, other = new_number(), new_number()
    name = f"Lantern {number} Works"
    deployed.owe(
        row(number, "1", customer_name=name, amount="61.00"),
        row(number, "2", customer_name=name, amount="61.00"),
    )
    deployed.owe(row(other, "1", customer_name=f"Beacon {other} Works", amount="77.00"))
    unclear = Transfer(6_100, name, "on account", "DE89370400440532013000")
    unknown = Transfer(7_700, f"Nobody {number}", "hello")
    run = deployed.bank_file(f"{number}-cash", camt053([unclear, unknown], "USD", TODAY, number))
    assert run["decisions"] == {"suggested": 1, "unmatched": 1}, run

    sign_in(phone, deployed)
    phone.get_by_role("link", name="Cash").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cash")
    wrong = problems(phone)
    phone.get_by_role("link", name=name).focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=2, name="Proposals")).to_be_visible()
    wrong += problems(phone)
    phone.get_by_role("button", name=f"Accept for {name}").first.focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("status")).to_contain_text("The money is applied.")
    wrong += problems(phone)

    phone.get_by_role("link", name=f"Nobody {number}").click()
    phone.get_by_label("Customer number").fill(other)
    wrong += problems(phone)
    phone.get_by_label("Invoices").fill(f"{other}-1")
    phone.get_by_role("button", name="Apply").click()
    expect(phone.get_by_role("status")).to_contain_text("The money is applied.")

    assert not wrong, "\n".join(wrong)
    assert sum(deployed.account(number).balances.values()) == 6_100
    assert deployed.account(other).balances == {}
