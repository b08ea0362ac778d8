"""What agents do on a customer's page of the deployed console, and what follows from it."""

import re

from tests.support.debtors import new_number, row
from tests.support.deployment import Deployment
from tests.support.visitors import agent_at_console, words


def test_a_hold_placed_at_the_console_stops_a_planned_message(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number))
    contact = deployed.plan(number, dispatch=False)
    agent = agent_at_console(deployed)

    found = agent.get(f"/customers?number={number}")
    assert f"Customer {number}" in words(found)
    path = f"/customers/{deployed.customer_id(number)}"
    hold = {"action": "hold", "kind": "attorney", "note": "Letter of their lawyer"}
    placed = agent.post(path, csrf=_csrf(found.text), **hold)
    deployed.dispatch(contact)
    refused = deployed.settled(contact, "refused")

    assert "The hold is placed" in words(placed)
    assert [decision.reason_code for decision in refused.decisions] == ["OK", "ATTORNEY_REPRESENTED"]
    assert deployed.mails(deployed.account(number).customer.email) == []


def test_two_customers_merged_at_the_console_owe_together_what_both_owed(deployed: Deployment) -> None:
    kept, other = new_number(), new_number()
    deployed.owe(row(kept, amount="120.00"), row(kept, "2", amount="30.00"))
    deployed.owe(row(other, amount="99.99"))
    agent, path = agent_at_console(deployed), f"/customers/{deployed.customer_id(kept)}"

    both = agent.get(f"{path}/merge?number={other}")
    assert {f"Customer {kept}", f"Customer {other}", "$150.00", "$99.99"} <= set(_parts(both.text))
    merged = agent.submit(both, path)

    assert "The two customers are one now" in words(merged)
    assert deployed.account(kept).balances == {"USD": 24_999}
    assert deployed.account(other) == deployed.account(kept)
    theirs = next(i for i, one in deployed.account(kept).invoices.items() if one.number == f"{other}-1")
    parted = {"action": "split", "invoices": theirs, "number": f"{kept}-B"}
    split = agent.post(path, csrf=_csrf(merged.text), **parted)
    assert "The invoices are this customer's now" in words(split)
    assert deployed.account(kept).balances == {"USD": 15_000}
    assert deployed.account(f"{kept}-B").balances == {"USD": 9_999}


def _csrf(html: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', html)
    assert found
    return found[1]


def _parts(html: str) -> list[str]:
    """The texts between the tags of a page."""
    return [text.strip() for piece in html.split(">") for text in [piece.partition("<")[0]] if text.strip()]
