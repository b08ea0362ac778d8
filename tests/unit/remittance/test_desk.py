"""An agent says whose the money in suspense is: it moves in one write, once, and the payer is learned."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.ledger.change import Change
from dunwell.remittance.desk import NOTE_LENGTH, CashDesk
from dunwell.remittance.model import LineKind
from dunwell.remittance.records import LineRecord, LineState
from tests.support.cash import NOW, CashWorld, euros, line, links

PAYER = "DE89370400440532013000"
TWO_ALIKE = line("1", 55_500, "", "Walsh Marine", payer_account=PAYER)
Act = Callable[[CashDesk, str, int], LineRecord]


@pytest.fixture
def world() -> CashWorld:
    made = CashWorld()
    made.owes("C10002", "Walsh Marine LLC", euros("INV-2026-010090", 55_500), euros("INV-2026-010095", 20_000))
    made.owes("C10003", "Walsh Marine Ltd", euros("INV-2026-010091", 55_500))
    made.apply(TWO_ALIKE)
    return made


@pytest.fixture
def desk(world: CashWorld) -> CashDesk:
    return CashDesk(world.cash)


def waiting(desk: CashDesk) -> LineRecord:
    (record,) = desk.waiting(NOW)
    return record


def test_accepting_a_proposal_moves_the_money_and_teaches_the_payers_account(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    assert record.proposals
    done = desk.accept(record.item_id, record.version, 0, "jo", NOW)
    chosen = record.proposals[0].customer_id
    assert (done.state, done.decided_by, done.is_waiting) == (LineState.DONE, "jo", False)
    assert world.unclear() == {}
    assert [p.reference for p in world.account(chosen).payments.values()] == ["bln_1"]
    assert links(world.store, PAYER) == {chosen: 1}
    assert world.store.listed() == []


def test_choosing_other_invoices_applies_to_them_in_that_order_and_keeps_the_rest_as_credit(
    world: CashWorld, desk: CashDesk
) -> None:
    record = waiting(desk)
    desk.choose(record.item_id, record.version, "c10002", ["10095", " "], "jo", NOW)
    account = world.account("cus_c10002")
    assert account.open_minor("inv_inv-2026-010095") == 0
    assert account.open_minor("inv_inv-2026-010090") == 55_500 - 35_500, "credit flows on to the next invoice"


@pytest.mark.parametrize(
    ("customer", "invoices", "says"),
    [
        ("", [], "Enter the customer's number"),
        ("C99999", [], "No customer has this number"),
        ("C10002", ["INV-2026-019999"], "no open invoice"),
        ("SUSPENSE-2051-2026-06", [], "No customer has this number"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_what_to_do(
    world: CashWorld, desk: CashDesk, customer: str, invoices: list[str], says: str
) -> None:
    record = waiting(desk)
    with pytest.raises(InvalidInputError, match=says):
        desk.choose(record.item_id, record.version, customer, invoices, "jo", NOW)
    assert world.unclear() == {"EUR": 55_500}


def test_a_customer_is_also_found_by_its_exact_name(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    desk.choose(record.item_id, record.version, "walsh marine ltd", [], "jo", NOW)
    assert world.account("cus_c10003").balances == {}


def test_a_note_keeps_the_money_in_suspense_and_on_the_list(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    noted = desk.note(record.item_id, record.version, " Called Walsh: not theirs. ", "jo", NOW)
    assert [note.text for note in noted.notes] == ["Called Walsh: not theirs."]
    assert waiting(desk).notes == noted.notes
    assert world.unclear() == {"EUR": 55_500}


@pytest.mark.parametrize("text", ["", "   ", "x" * (NOTE_LENGTH + 1)])
def test_an_empty_or_endless_note_is_refused(desk: CashDesk, text: str) -> None:
    record = waiting(desk)
    with pytest.raises(InvalidInputError):
        desk.note(record.item_id, record.version, text, "jo", NOW)


def test_money_in_suspense_cannot_be_closed_away_and_an_unclear_return_can(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    with pytest.raises(InvalidInputError, match="say whose it is"):
        desk.note(record.item_id, record.version, "done", "jo", NOW, close=True)
    world.apply(line("2", -777, "RETURN", kind=LineKind.RETURN))
    unclear = next(one for one in desk.waiting(NOW) if one.line.amount_minor < 0)
    desk.note(unclear.item_id, unclear.version, "settled by hand", "jo", NOW, close=True)
    assert [one.line.line_id for one in desk.waiting(NOW)] == ["bln_1"]


def test_of_two_agents_with_the_same_page_the_second_is_told(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    desk.choose(record.item_id, record.version, "C10003", [], "jo", NOW)
    with pytest.raises(ConflictError):
        desk.choose(record.item_id, record.version, "C10002", [], "mo", NOW)
    assert world.placed() == {"bln_1": 55_500}


def test_a_proposal_whose_invoice_was_paid_meanwhile_is_not_accepted(world: CashWorld, desk: CashDesk) -> None:
    record = waiting(desk)
    proposal = record.proposals[0]
    world.apply(line("5", 55_500, proposal.allocations[0].number, proposal.customer_name))
    with pytest.raises(InvalidInputError, match="not open for that much"):
        desk.accept(record.item_id, record.version, 0, "jo", NOW)


def test_there_is_no_other_line(desk: CashDesk) -> None:
    with pytest.raises(NotFoundError):
        desk.item("EUR.1.2026-06-30.bln_other", NOW)


class DiedError(Exception):
    """The process ended here."""


@pytest.mark.parametrize("point", ["before posting", "after posting"])
def test_a_choice_cut_short_is_completed_by_whoever_looks_next(world: CashWorld, desk: CashDesk, point: str) -> None:
    record = waiting(desk)

    def dies_at_commit(change: Change) -> None:
        raise DiedError

    def dies_when_done(kept: LineRecord) -> None:
        if kept.state is LineState.DONE:
            raise DiedError

    if point == "before posting":
        world.ledger.before_commit = dies_at_commit
    else:
        world.store.before_keep = dies_when_done
    with pytest.raises(DiedError):
        desk.accept(record.item_id, record.version, 0, "jo", NOW)
    assert world.store.listed(), "money on its way stays in sight"
    world.ledger.before_commit = lambda change: None
    world.store.before_keep = lambda record: None

    assert desk.waiting(NOW) == []
    assert (world.unclear(), world.placed()) == ({}, {"bln_1": 55_500})
    assert links(world.store, PAYER) == {record.proposals[0].customer_id: 1}
    assert world.store.listed() == []


def test_money_given_to_one_customer_is_not_taken_out_of_suspense_for_another(world: CashWorld, desk: CashDesk) -> None:
    """However the records stand, the suspense account itself gives the money once."""
    record = waiting(desk)
    desk.choose(record.item_id, record.version, "C10003", [], "jo", NOW)
    world.store.kept[record.item_id] = record
    with pytest.raises(ConflictError):
        desk.choose(record.item_id, record.version, "C10002", [], "mo", NOW)
    assert world.placed() == {"bln_1": 55_500}
    assert replace(record, version=9).is_waiting
