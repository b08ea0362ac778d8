"""Whatever statements come, in whatever order and however often the process dies: each line's money stands once."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.ledger.change import Change
from dunwell.remittance.model import BankLine, LineKind
from dunwell.remittance.records import LineState
from tests.support.cash import TODAY, CashWorld, euros, line

NAMES = {"C10001": "Müller Logistik Nord GmbH", "C10002": "Walsh Marine LLC", "C10003": "Walsh Marine Ltd"}
INVOICES = {
    "C10001": (("INV-2026-010023", 119_000), ("INV-2026-010031", 45_050)),
    "C10002": (("INV-2026-010025", 88_000), ("INV-2026-010090", 55_500)),
    "C10003": (("INV-2026-010091", 55_500),),
}
AMOUNTS = st.sampled_from([119_000, 45_050, 88_000, 55_500, 164_050, 54_900, 1, 200_000])
TEXTS = st.sampled_from(["", "INV-2026-010023", "10023 10031", "INV-2O26-O1OO25", "C10002", "INV-2026-010091 ./. fee"])
PAYERS = st.sampled_from(["", "Mueller Logistik", "WALSH MARINE", "Nobody", "STRIPE"])
ACCOUNTS = st.sampled_from(["", "DE89370400440532013000", "DE1"])


@st.composite
def statements(draw: st.DrawFn) -> list[list[BankLine]]:
    """Some lines, and statements with parts of them: overlapping, repeated, in any order; each line in at least one."""
    count = draw(st.integers(1, 8))
    lines = []
    for number in range(count):
        minor = draw(AMOUNTS)
        back = draw(st.booleans()) and draw(st.booleans())
        on = TODAY - timedelta(days=draw(st.integers(0, 40)))
        changes = {"payer_account": draw(ACCOUNTS), "booked_on": on, "value_on": on, "end_to_end_id": f"E{minor}"}
        kind = LineKind.RETURN if back else LineKind.TRANSFER
        lines.append(line(str(number), -minor if back else minor, draw(TEXTS), draw(PAYERS), kind=kind, **changes))
    parts = draw(st.lists(st.lists(st.sampled_from(lines), min_size=1, max_size=count), max_size=4))
    whole = draw(st.permutations(lines))
    return draw(st.permutations([*parts, whole]))


def world_of_debtors() -> CashWorld:
    world = CashWorld()
    for number, name in NAMES.items():
        world.owes(number, name, *(euros(*one) for one in INVOICES[number]))
    return world


class DiedError(Exception):
    """The process ended here."""


def dying(world: CashWorld, points: Sequence[int]) -> None:
    """The process dies at these of its writes, counted from the last death on; before or after, by turns."""
    left = list(points)
    state = {"writes": 0}

    def step() -> None:
        state["writes"] += 1
        if left and state["writes"] >= left[0]:
            left.pop(0)
            state["writes"] = 0
            raise DiedError

    world.store.before_keep = lambda record: step()
    world.store.after_keep = lambda record: step()
    world.ledger.before_commit = lambda change: step()
    commit: Callable[..., object] = world.ledger.commit

    def commit_and_die(change: Change, *others: Change) -> object:
        after = commit(change, *others)
        step()
        return after

    world.ledger.commit = commit_and_die  # type: ignore[assignment, method-assign]


def take(world: CashWorld, lines: Sequence[BankLine]) -> None:
    """A statement, again after each death, as its queue brings it again."""
    while True:
        try:
            world.apply(*lines)
        except DiedError:
            continue
        return


@settings(max_examples=150)
@given(statements(), st.lists(st.integers(1, 9), max_size=6))
def test_each_line_that_came_in_stands_once_and_each_that_went_back_takes_one_away(
    given_statements: list[list[BankLine]], deaths: list[int]
) -> None:
    world = world_of_debtors()
    dying(world, deaths)
    for one in given_statements:
        take(world, one)

    lines = {one.line_id: one for statement in given_statements for one in statement}
    placed = world.placed()
    undone = {
        record.match.about
        for record in world.store.kept.values()
        if record.line.amount_minor < 0 and record.match.decision == "applied"
    }
    came_in = {i: one.amount_minor for i, one in lines.items() if one.amount_minor > 0 and i not in undone}
    assert placed == came_in
    assert {record.state for record in world.store.kept.values()} == {LineState.DONE}
    assert set(lines) == {record.line.line_id for record in world.store.kept.values()}
    waiting = sum(one.line.amount_minor for one in world.store.listed() if one.suspended)
    assert sum(world.unclear().values()) == waiting, "what is in suspense is what is on the work list"

    before = dict(world.ledger.accounts), dict(world.store.kept)
    for one in reversed(given_statements):
        take(world, one)
    assert (world.ledger.accounts, world.store.kept) == before


@settings(max_examples=60)
@given(statements(), st.lists(st.integers(1, 9), max_size=6))
def test_dying_on_the_way_changes_nothing_about_the_outcome(
    given_statements: list[list[BankLine]], deaths: list[int]
) -> None:
    calm, troubled = world_of_debtors(), world_of_debtors()
    dying(troubled, deaths)
    for one in given_statements:
        take(calm, one)
        take(troubled, one)
    assert {i: a.entries for i, a in troubled.ledger.accounts.items()} == {
        i: a.entries for i, a in calm.ledger.accounts.items()
    }
    assert troubled.store.accounts == calm.store.accounts, "an account is learned once a payment"
