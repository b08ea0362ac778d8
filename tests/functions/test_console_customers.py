"""A customer's page at the console: finding it, what it shows, and each thing an agent may do there."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dunwell.accounts.consent import ConsentAct, ConsentRecord
from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel, Customer, CustomerKind, customer_id_of
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import InvoiceStatus
from dunwell.ledger.posting import charge
from dunwell.outreach.contact import ContactStatus
from tests.support.console import BASE, PAGE, Browser, World, csrf, path_of, send, sign_in, stored, text
from tests.support.escalation import NOW, TODAY, account, invoice, pay
from tests.support.ledger import account_of
from tests.support.outreach import POLICY, sent

KEY = "0123456789abcdef0"
CREDITOR = POLICY.creditor.creditor_id


@pytest.fixture
def browser(browser: Browser) -> Browser:
    sign_in(browser)
    return browser


def numbered(world: World, number: str, source: str = "ibm_late_payment", name: str = "Numbered") -> str:
    """Put a customer into the ledger under a number of a source; their id."""
    customer_id = customer_id_of(CREDITOR, source, number)
    who = Customer(customer_id, CREDITOR, source, number, CustomerKind.BUSINESS, name)
    owed = replace(invoice("N-1"), invoice_id=f"inv_{source}_{number.lower()}")
    world.ledger.accounts[customer_id] = account_of(who, owed)
    return customer_id


def overtaken(world: World, by_minor: int) -> None:
    """Let a payment come between the next reading of the first customer and the writing."""

    def before(change: Change) -> None:
        world.ledger.before_commit = lambda change: None
        pay(world.ledger, "cus_1", by_minor)

    world.ledger.before_commit = before


def event_names(world: World) -> list[str]:
    return [event.name for event in world.ledger.events]


# --- finding and seeing ---


def test_a_number_leads_to_the_customer(world: World, browser: Browser) -> None:
    customer_id = numbered(world, "0379-NEVHP")
    answer = browser.get("/customers?number=+0379-NEVHP")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BASE}/customers/{customer_id}")


def test_a_number_of_nobody_is_said_and_one_of_two_sources_is_a_choice(world: World, browser: Browser) -> None:
    assert "No customer has the number &lt;K&gt;" in text(browser.get("/customers?number=%3CK%3E"))
    ids = {numbered(world, "K-1", name="One"), numbered(world, "K-1", "xero", name="Two")}
    page = text(browser.get("/customers?number=K-1"))
    assert set(re.findall(r'/customers/(cus_\w+)"', page)) == ids


@pytest.mark.parametrize("number", ["0379-NEVHP", "nobody"])
@pytest.mark.parametrize("path", ["/customers?number={}", "/customers/{}", "/customers/cus_1/merge?number={}"])
def test_who_is_not_signed_in_learns_nothing_about_a_number(
    world: World, browser: Browser, path: str, number: str
) -> None:
    numbered(world, "0379-NEVHP")
    browser.cookies.clear()
    answer = browser.get(path.format(number))
    assert (answer.status_code, answer.headers["Location"], answer.body) == (303, f"{BASE}/sign-in", b"")


def test_the_worklist_and_a_case_lead_to_the_customer(world: World, browser: Browser) -> None:
    case = world.waiting()
    for path in ("/", path_of(case)):
        assert f'href="{BASE}{PAGE}"' in text(browser.get(path))


def test_the_page_says_who_the_customer_is_and_what_they_owe(world: World, browser: Browser) -> None:
    parent_id, known = numbered(world, "P-1", name="Mother <Ltd>"), stored(world)
    points = (
        ContactPoint(
            PointKind.EMAIL, "old@example.com", bounced_at=NOW - timedelta(days=9), bounce_reason="complained"
        ),
        ContactPoint(PointKind.PHONE, "+12125550101", verified_at=NOW - timedelta(days=2)),
    )
    refused = ConsentRecord(
        Channel.EMAIL, ConsentAct.WITHDRAWN, "stop_link", NOW - timedelta(days=1), "old@example.com"
    )
    who = replace(
        known.customer,
        contact_points=points,
        consents=(refused, replace(refused, act=ConsentAct.ADDRESS_REFUSED, address="email_x7")),
        preferred_channel=Channel.SMS,
        country="US",
        region="NY",
        external_ids=(("stripe", "cus_stripe_7"),),
        parent_id=parent_id,
        credit_limit_minor=8_000,
        credit_currency="EUR",
    )
    world.ledger.accounts["cus_1"] = replace(known, customer=who)
    page = text(browser.get(PAGE))
    for expected in (
        "old@example.com", "Opted out", "+12125550101", "Verified", "Email: withdrawn", "stop link", "Sms",
        "Email: address refused", "at an address that others have too",
        "America/New_York", "address in US-NY", "cus_stripe_7", "Mother &lt;Ltd&gt;", "€80.00", "€100.00",
        "Over the limit", f"{PAGE}/statement",
    ):  # fmt: skip
        assert expected in page, expected
    assert "<Ltd>" not in page


@pytest.mark.parametrize("path", ["/customers/cus_x", "/customers/cus_x/merge?number=1"])
def test_nobody_has_no_page(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404
    assert send(browser, "hold", "/customers/cus_x", kind="cease").status_code == 404


def test_an_internal_account_has_no_page_and_takes_no_change(world: World, browser: Browser) -> None:
    known = stored(world)
    internal = replace(known, customer=replace(known.customer, kind=CustomerKind.SUSPENSE))
    world.ledger.accounts["cus_1"] = internal
    assert browser.get(PAGE).status_code == 404
    assert send(browser, "hold", kind="cease").status_code == 404
    assert stored(world) == internal


# --- holds ---


def test_a_hold_is_placed_under_the_agents_name_until_the_end_of_a_day(world: World, browser: Browser) -> None:
    last = TODAY + timedelta(days=3)
    answer = send(browser, "hold", kind="attorney", invoice="inv_F-1", until=last.isoformat(), note="Letter <x>")
    assert answer.headers["Location"] == f"{BASE}{PAGE}?done=hold"
    (hold,) = stored(world).customer.holds
    assert (hold.kind, hold.invoice_id, hold.placed_by, hold.note) == (
        "attorney",
        "inv_F-1",
        "ada@example.com",
        "Letter <x>",
    )
    assert hold.until is not None
    assert (hold.placed_at, hold.until.date(), hold.until.hour) == (NOW, last + timedelta(days=1), 0)
    assert event_names(world) == ["HoldPlaced"]
    page = text(browser.get(f"{PAGE}?done=hold"))
    assert "The hold is placed" in page
    assert "Letter &lt;x&gt;" in page


def test_a_hold_sent_twice_is_placed_once_and_lifted_twice_is_lifted_once(world: World, browser: Browser) -> None:
    for _ in range(2):
        assert send(browser, "hold", kind="cease").status_code == 303
    (hold,) = stored(world).customer.holds
    for _ in range(2):
        answer = send(browser, "lift", hold=hold.hold_id)
        assert answer.headers["Location"] == f"{BASE}{PAGE}?done=lift"
    (lifted,) = stored(world).customer.holds
    assert (lifted.lifted_at, lifted.lifted_by) == (NOW, "ada@example.com")
    assert event_names(world) == ["HoldPlaced", "HoldLifted"]


def test_a_hold_that_was_lifted_may_be_placed_anew(world: World, browser: Browser) -> None:
    earlier = Hold("cease", None, NOW - timedelta(days=2), lifted_at=NOW - timedelta(days=1), lifted_by="lead")
    known = stored(world)
    world.ledger.accounts["cus_1"] = replace(known, customer=known.customer.with_hold(earlier))
    send(browser, "hold", kind="cease")
    assert [hold.in_force(NOW) for hold in stored(world).customer.holds] == [False, True]


def test_a_hold_is_placed_also_when_a_payment_comes_at_the_same_moment(world: World, browser: Browser) -> None:
    overtaken(world, 2_500)
    assert send(browser, "hold", kind="bankruptcy").status_code == 303
    assert [hold.kind for hold in stored(world).customer.holds] == ["bankruptcy"]
    assert stored(world).balances == {"EUR": 7_500}


# --- letters ---


def test_a_letter_that_came_back_counts_as_not_delivered_and_spoils_the_address(world: World, browser: Browser) -> None:
    known = stored(world)
    home = ContactPoint(PointKind.POSTAL, "12 Mill Lane\nBrooklyn NY 11201")
    world.ledger.accounts["cus_1"] = replace(known, customer=replace(known.customer, contact_points=(home,)))
    letter = sent("validation_notice", 9, channel=Channel.LETTER, customer_id="cus_1", invoice_ids=("inv_F-1",))
    world.cases.contacts[letter.contact_id] = letter
    assert "A letter came back" in text(browser.get(PAGE))
    answer = send(browser, "returned", letter=letter.contact_id)
    assert answer.headers["Location"] == f"{BASE}{PAGE}?done=returned"
    assert world.cases.contacts[letter.contact_id].status is ContactStatus.BOUNCED
    (point,) = stored(world).customer.contact_points
    assert (point.is_usable, point.bounce_reason) == (False, "returned")
    assert "ContactBounced" in [event.name for event in world.cases.events]
    assert send(browser, "returned", letter=letter.contact_id).status_code == 409
    assert "A letter came back" not in text(browser.get(PAGE))


# --- disputes ---


def test_a_dispute_that_came_by_post_stops_collecting_until_verification_was_sent(
    world: World, browser: Browser
) -> None:
    form = {"invoice": "inv_F-1", "reason": "wrong_amount", "amount": "", "note": "Form <x>", "key": "a" * 32}
    for _ in range(2):
        answer = send(browser, "dispute", **form)
        assert answer.headers["Location"] == f"{BASE}{PAGE}?done=dispute"
    contested = stored(world)
    assert contested.disputed_minor("inv_F-1") == contested.open_minor("inv_F-1")
    assert [(hold.kind, hold.placed_by) for hold in contested.customer.holds] == [
        ("dispute_written", "ada@example.com")
    ]
    assert "in dispute, and not asked for" in text(browser.get(PAGE))
    assert send(browser, "end_disputes", invoice="inv_F-1").status_code == 400
    answer = send(browser, "end_disputes", invoice="inv_F-1", outcome="verified")
    assert answer.headers["Location"] == f"{BASE}{PAGE}?done=end_disputes"
    assert stored(world).disputed_minor("inv_F-1") == 0
    assert not stored(world).customer.holds_in_force(NOW)
    assert "in dispute, and not asked for" not in text(browser.get(PAGE))


def test_no_more_is_disputed_than_is_open(world: World, browser: Browser) -> None:
    form = {"invoice": "inv_F-1", "reason": "wrong_amount", "amount": "999999.00", "key": "b" * 32}
    assert send(browser, "dispute", **form).status_code == 400
    assert stored(world).disputed_minor("inv_F-1") == 0


# --- one or two ---


def test_merging_shows_both_first_and_then_their_balances_add_up(world: World, browser: Browser) -> None:
    kept, absorbed = numbered(world, "K-1", name="Keeper"), numbered(world, "K-2", name="Goner <b>")
    compare = browser.get(f"/customers/{kept}/merge?number=K-2")
    page = text(compare)
    assert "Keeper" in page
    assert "Goner &lt;b&gt;" in page
    assert event_names(world) == []
    fields = {"csrf": csrf(compare), "action": "merge", "absorbed": absorbed}
    for _ in range(2):
        answer = browser.post(f"/customers/{kept}", **fields)
        assert answer.headers["Location"] == f"{BASE}/customers/{kept}?done=merge"
    assert stored(world, kept).balances == {"EUR": 20_000}
    assert event_names(world) == ["CustomersMerged"]
    assert [one.who for one in stored(world, kept).customer.relations] == ["ada@example.com"]
    old = browser.get(f"/customers/{absorbed}")
    assert (old.status_code, old.headers["Location"]) == (303, f"{BASE}/customers/{kept}")


def test_a_customer_is_not_merged_with_itself_or_nobody(world: World, browser: Browser) -> None:
    kept = numbered(world, "K-1")
    for number in ("K-1", "K-9", ""):
        answer = browser.get(f"/customers/{kept}/merge?number={number}")
        assert answer.status_code == 400
        assert "No other customer has this number" in text(answer)
    assert send(browser, "merge", f"/customers/{kept}", absorbed=kept).status_code == 400


def test_who_became_part_of_a_third_one_meanwhile_is_not_merged(world: World, browser: Browser) -> None:
    one, two, three = (numbered(world, f"K-{n}") for n in (1, 2, 3))
    send(browser, "merge", f"/customers/{three}", absorbed=two)
    answer = send(browser, "merge", f"/customers/{one}", absorbed=two)
    assert answer.status_code == 409
    assert "part of another customer" in text(answer)
    assert stored(world, one).balances == {"EUR": 10_000}


def test_a_merger_that_loses_a_race_is_decided_on_the_newer_accounts(world: World, browser: Browser) -> None:
    known = stored(world, "cus_2")
    overtaken(world, 2_500)
    assert send(browser, "merge", absorbed=known.customer.customer_id).status_code == 303
    assert stored(world).balances == {"EUR": 17_500}


def test_splitting_moves_the_chosen_invoices_once(world: World, browser: Browser) -> None:
    world.ledger.accounts["cus_1"] = account(invoice(), invoice("F-9", 4_000))
    for _ in range(2):
        answer = send(browser, "split", invoices="inv_F-9", number="us_1-b")
        assert answer.status_code == 303
    new_id = customer_id_of("example", "erp", "us_1-b")
    assert answer.headers["Location"] == f"{BASE}/customers/{new_id}?done=split"
    assert (stored(world).balances, stored(world, new_id).balances) == ({"EUR": 10_000}, {"EUR": 4_000})
    assert event_names(world) == ["CustomerSplit"]


def test_invoices_are_not_split_off_to_somebody_else(world: World, browser: Browser) -> None:
    other = customer_id_of("example", "erp", "K-1")
    world.ledger.accounts[other] = account(invoice("F-3"), customer_id=other, name="Somebody else")
    answer = send(browser, "split", invoices="inv_F-1", number="K-1")
    assert answer.status_code == 409
    assert "There is a customer with this number already" in text(answer)
    assert stored(world).balances == stored(world, other).balances == {"EUR": 10_000}


# --- corrections ---


def test_a_write_off_of_all_that_is_open_sent_twice_counts_once(world: World, browser: Browser) -> None:
    fields = {"invoice": "inv_F-1", "reason": "uneconomic", "amount": "", "key": KEY}
    for _ in range(2):
        answer = send(browser, "write_off", **fields)
        assert answer.headers["Location"] == f"{BASE}{PAGE}?done=write_off"
    assert stored(world).status("inv_F-1") is InvoiceStatus.WRITTEN_OFF
    (entry,) = [one for one in stored(world).entries.values() if one.kind is EntryKind.WRITE_OFF]
    assert (entry.amount_minor, entry.reason, entry.method, entry.on) == (
        10_000,
        "uneconomic",
        "ada@example.com",
        TODAY,
    )
    assert event_names(world) == ["EntryPosted"]


def test_what_was_paid_meanwhile_is_not_written_off(world: World, browser: Browser) -> None:
    overtaken(world, 2_500)
    fields = {"invoice": "inv_F-1", "reason": "uneconomic", "key": KEY}
    answer = send(browser, "write_off", amount="100.00", **fields)
    assert answer.status_code == 400
    assert "Not so much is open" in text(answer)
    assert stored(world).balances == {"EUR": 7_500}
    overtaken(world, 500)
    assert send(browser, "write_off", amount="", **fields).status_code == 303
    assert stored(world).books.written_off_minor("inv_F-1") == 7_000


def test_a_credit_note_lowers_an_invoice_and_its_form_sent_with_another_amount_is_refused(
    world: World, browser: Browser
) -> None:
    fields = {"invoice": "inv_F-1", "reason": "pricing_error", "key": KEY}
    for _ in range(2):
        assert send(browser, "credit", amount="25.50", **fields).status_code == 303
    assert stored(world).balances == {"EUR": 7_450}
    answer = send(browser, "credit", amount="30", **fields)
    assert answer.status_code == 400
    assert "sent before with another amount" in text(answer)
    assert stored(world).balances == {"EUR": 7_450}


def test_a_waived_fee_is_not_owed_and_who_waived_it_is_kept(world: World, browser: Browser) -> None:
    known = stored(world)
    posted = charge(known, EntryKind.FEE, "inv_F-1", 1_500, key="late_fee", on=TODAY, at=NOW, reason="late_fee")
    world.ledger.commit(posted)
    (fee_id,) = posted.entries
    assert "Fee, €15.00" in text(browser.get(PAGE))
    for _ in range(2):
        assert send(browser, "waive", charge=fee_id, amount="", key=KEY).status_code == 303
    assert stored(world).balances == {"EUR": 10_000}
    (waiver,) = [one for one in stored(world).entries.values() if one.of == fee_id]
    assert (waiver.reason, waiver.method, waiver.reference) == ("waiver", "ada@example.com", KEY)
    assert "Waive a fee" not in text(browser.get(PAGE))


# --- what is refused ---


@pytest.mark.parametrize(
    ("action", "fields", "status", "said"),
    [
        ("hold", {}, 400, "Choose why contact must stop"),
        ("hold", {"kind": "boredom"}, 400, "Choose why contact must stop"),
        ("hold", {"kind": "cease", "until": "soon"}, 400, "year-month-day"),
        ("hold", {"kind": "cease", "until": "2026-11-19"}, 400, "from today on"),
        ("hold", {"kind": "cease", "note": "x" * 2001}, 400, "longer than 2,000"),
        ("hold", {"kind": "cease", "invoice": "inv_F-2"}, 409, "not on the account"),
        ("lift", {"hold": "hld_x"}, 409, "no such hold"),
        ("merge", {"absorbed": "cus_x"}, 409, "no such customer"),
        ("merge", {"absorbed": "cus_1"}, 400, "two different customers"),
        ("split", {"number": "B"}, 400, "Choose the invoices"),
        ("split", {"invoices": "inv_F-1", "number": " "}, 400, "Write a number"),
        ("split", {"invoices": "inv_F-1", "number": "us_1"}, 400, "a number of its own"),
        ("split", {"invoices": "inv_F-2", "number": "B"}, 409, "not on the account"),
        ("write_off", {"invoice": "inv_F-1", "key": KEY}, 400, "Choose why"),
        ("write_off", {"invoice": "inv_F-1", "reason": "insolvency"}, 400, "incomplete"),
        (
            "write_off",
            {"invoice": "inv_F-1", "reason": "insolvency", "key": KEY, "amount": "-1"},
            400,
            "more than zero",
        ),
        (
            "write_off",
            {"invoice": "inv_F-1", "reason": "insolvency", "key": KEY, "amount": "1,5"},
            400,
            "not an amount",
        ),
        (
            "write_off",
            {"invoice": "inv_F-1", "reason": "insolvency", "key": KEY, "amount": "100.01"},
            400,
            "Not so much",
        ),
        ("write_off", {"invoice": "inv_F-2", "reason": "insolvency", "key": KEY}, 409, "not on the account"),
        ("credit", {"invoice": "inv_F-1", "reason": "return", "key": KEY, "amount": "100.01"}, 400, "No more can be"),
        ("credit", {"invoice": "inv_F-1", "key": KEY}, 400, "Choose what"),
        ("waive", {"charge": "ent_x", "key": KEY}, 409, "not on the account"),
        ("burn", {"key": KEY}, 400, "Choose what to do"),
    ],
)
def test_what_cannot_be_done_is_explained_and_changes_nothing(
    world: World, browser: Browser, action: str, fields: dict[str, str], status: int, said: str
) -> None:
    before = dict(world.ledger.accounts)
    answer = send(browser, action, **fields)
    assert answer.status_code == status, text(answer)
    assert said in text(answer)
    assert world.ledger.accounts == before
    assert fields.get("note", "") in text(answer)


@pytest.mark.parametrize("action", ["hold", "lift", "merge", "split", "write_off", "credit", "waive"])
def test_a_form_of_another_site_session_or_nobody_changes_nothing(world: World, browser: Browser, action: str) -> None:
    fields = {
        "action": action, "kind": "cease", "hold": "x", "absorbed": "cus_2", "invoices": "inv_F-1", "number": "B",
        "invoice": "inv_F-1", "reason": "uneconomic", "amount": "", "key": KEY,
    }  # fmt: skip
    before, token = dict(world.ledger.accounts), csrf(browser.get("/"))
    assert browser.post(PAGE, csrf="0" * 64, **fields).status_code == 403
    assert browser.post(PAGE, "cross-site", csrf=token, **fields).status_code == 403
    browser.cookies.clear()
    assert browser.post(PAGE, csrf=token, **fields).headers["Location"] == f"{BASE}/sign-in"
    assert world.ledger.accounts == before
