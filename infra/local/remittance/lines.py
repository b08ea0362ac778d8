"""Bank lines with their true meaning, a mix of the ways in which customers pay, at stated rates."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from dunwell.money import exponent
from dunwell.remittance.amounts import discount_minor
from dunwell.remittance.keys import pieces
from dunwell.remittance.model import BankLine, LineKind, OpenInvoice, Payer, Payout, PostedLine, Purpose
from infra.local.remittance.noise import payer_name, phrase, restyled, slip
from infra.local.remittance.world import TODAY, World, make_world

_TRIES = 80
HAS_ACCOUNT = 0.8  # share of lines on which the bank shows the payer's account


@dataclass(frozen=True, slots=True)
class Truth:
    """What a line is.

    Attributes:
        case: how it was made, one of ``CASES``.
        allocations: cash by invoice (minor units), empty where the money settles no open invoice.
        settles: what leaves each invoice's open amount with it: cash, discount and fee.
        matchable: it pays open invoices, and the line says enough for a careful clerk to know which.
    """

    case: str
    purpose: Purpose
    matchable: bool
    customer_id: str = ""
    allocations: dict[str, int] = field(default_factory=dict)
    settles: dict[str, int] = field(default_factory=dict)
    about: str = ""


Made = tuple[BankLine, Truth]


class Maker:
    """Makes lines one by one; the world must have been told of each line's truth before the next is made."""

    def __init__(self, seed: int, customers: int) -> None:
        self.rng = random.Random(seed)
        self.world: World = make_world(customers, self.rng)
        self.open = {i.invoice_id: i for many in self.world.invoices.values() for i in many}
        self.spent: set[str] = set()
        self.chosen: set[str] = set()
        self.paid: list[Made] = []
        self.seed = seed
        self.made = 0

    def lines(self, count: int) -> Iterator[Made]:
        """Lines until there are so many, or no customer owes enough for more."""
        names, rates = list(CASES), [case.rate for case in CASES.values()]
        for _ in range(2 * count):
            if self.made == count:
                return
            name = self.rng.choices(names, rates)[0]
            if made := next(filter(None, (self._try(name) for _ in range(_TRIES))), None):
                self.made += 1
                yield made
                self._tell(*made)

    def _try(self, name: str) -> Made | None:
        """A line of this case, or nothing when the customer drawn does not suit it; its invoices stay free then."""
        self.chosen = set()
        made = CASES[name].make(self, name)
        if made:
            self.spent |= self.chosen
        return made

    def _tell(self, line: BankLine, truth: Truth) -> None:
        """The world after a person, or the machine rightly, dealt with the line."""
        index = self.world.index
        for invoice_id, settled in truth.settles.items():
            index.pay(invoice_id, settled)
            self.open[invoice_id] = replace(
                self.open[invoice_id], open_minor=self.open[invoice_id].open_minor - settled
            )
        if truth.customer_id and line.amount_minor > 0 and truth.case != "subsidiary":
            if line.payer_account:
                index.learn_account(line.payer_account, truth.customer_id)
            index.put_posted(
                line.currency,
                PostedLine(
                    line.line_id,
                    truth.customer_id,
                    line.booked_on,
                    line.amount_minor,
                    line.payer_account,
                    line.end_to_end_id,
                ),
            )
            if truth.allocations:
                self.paid.append((line, truth))

    def choose(self, least: int, most: int) -> tuple[Payer, list[OpenInvoice]] | None:
        """A customer, and some of its invoices that no line has paid."""
        payer = self.rng.choice(self.world.payers)
        mine = (self.open[i.invoice_id] for i in self.world.invoices[payer.customer_id])
        free = [i for i in mine if i.invoice_id not in self.spent]
        if len(free) < least:
            return None
        chosen = self.rng.sample(free, self.rng.randint(least, min(most, len(free))))
        self.chosen.update(i.invoice_id for i in chosen)
        return payer, sorted(chosen, key=lambda i: i.number)

    def line(self, payer: Payer, currency: str, amount_minor: int, refs: str, **changes: object) -> BankLine:
        """A credit as the payer's bank would send it; ``changes`` to single attributes."""
        rng, booked = self.rng, TODAY + timedelta(days=self.made // 200)
        account = self.world.account[payer.customer_id] if rng.random() < HAS_ACCOUNT else ""
        made = BankLine(
            f"line_{self.seed}_{self.made}",
            "DE02100100100006820101",
            booked,
            booked,
            currency,
            amount_minor,
            payer_name(payer.name, rng),
            account,
            (phrase(refs, payer.number, rng)[:140],),
            f"E2E{rng.randrange(10**9, 10**10)}" if rng.random() < 0.4 else "NOTPROVIDED",
            f"B{self.seed}{self.made}",
            LineKind.TRANSFER,
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def truth(self, case: str, payer: Payer, invoices: list[OpenInvoice], less: dict[str, int] | None = None) -> Truth:
        """These invoices are settled in full; ``less`` is what discount or fee kept of each."""
        full = {i.invoice_id: self.open[i.invoice_id].open_minor for i in invoices}
        cash = {one: owed - (less or {}).get(one, 0) for one, owed in full.items()}
        return Truth(case, Purpose.CUSTOMER_PAYMENT, CASES[case].matchable, payer.customer_id, cash, full)


def _joined(numbers: list[str], rng: random.Random) -> str:
    return rng.choice((", ", " ", " + ", " / ", "; ", " und ")).join(numbers)


def _named(
    maker: Maker, case: str, least: int, most: int, write: Callable[[str, random.Random], str], **changes: object
) -> Made | None:
    """A payment in full of named invoices."""
    if not (chosen := maker.choose(least, most)):
        return None
    payer, invoices = chosen
    refs = _joined([write(i.number, maker.rng) for i in invoices], maker.rng)
    truth = maker.truth(case, payer, invoices)
    return maker.line(payer, invoices[0].currency, sum(truth.allocations.values()), refs, **changes), truth


def exact(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 1, 1, lambda number, _: number)


def restyle(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 1, 1, restyled)


def typo(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 1, 1, slip)


def two_typos(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 1, 1, lambda number, rng: slip(slip(number, rng), rng))


def several(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 2, 8, lambda n, rng: rng.choice((str, str, lambda one: restyled(one, rng)))(n))


def several_typo(maker: Maker, case: str) -> Made | None:
    return _named(maker, case, 2, 5, lambda n, rng: slip(n, rng) if rng.random() < 0.4 else n)


def subsidiary(maker: Maker, case: str) -> Made | None:
    """Another firm pays, from its own account, and names the invoice."""
    other = maker.rng.choice(maker.world.payers)
    account = f"DE{maker.rng.randrange(10**18, 10**19)}"
    name = payer_name(other.name, maker.rng) if maker.rng.random() < 0.5 else "Zentrale Dienste Holding AG"
    return _named(maker, case, 1, 2, lambda n, _: n, payer_name=name, payer_account=account)


def span(maker: Maker, case: str) -> Made | None:
    """All of a customer's invoices between two, named by the first and the last."""
    rng, payer = maker.rng, maker.rng.choice(maker.world.payers)
    free = [i for i in maker.world.invoices[payer.customer_id] if i.invoice_id not in maker.spent]
    free.sort(key=lambda i: i.number)
    ends = [(a, b) for a in range(len(free)) for b in range(a + 2, min(a + 7, len(free))) if _near(free[a], free[b])]
    if not ends:
        return None
    first, last = rng.choice(ends)
    chosen = free[first : last + 1]
    everything = [
        i for i in maker.world.invoices[payer.customer_id] if chosen[0].number <= i.number <= chosen[-1].number
    ]
    if len(everything) != len(chosen):
        return None
    maker.chosen.update(i.invoice_id for i in chosen)
    refs = rng.choice((" - ", "-", " bis ", " to ")).join((chosen[0].number, _end(chosen[-1].number)))
    truth = maker.truth(case, payer, chosen)
    return maker.line(payer, chosen[0].currency, sum(truth.allocations.values()), refs), truth


def _end(number: str) -> str:
    return pieces(number)[-1] if len(pieces(number)[-1]) > 3 else number


def _near(one: OpenInvoice, other: OpenInvoice) -> bool:
    mine, theirs = pieces(one.number), pieces(other.number)
    return mine[:-1] == theirs[:-1] and int(theirs[-1]) - int(mine[-1]) <= 60


def discount(maker: Maker, case: str) -> Made | None:
    """Named invoices less the discount that their terms give."""
    if not (chosen := maker.choose(1, 3)):
        return None
    payer, invoices = chosen
    taken = {i.invoice_id: discount_minor(i, TODAY, 5) for i in invoices}
    if not all(taken.values()):
        return None
    truth = maker.truth(case, payer, invoices, taken)
    refs = _joined([i.number for i in invoices], maker.rng)
    return maker.line(
        payer, invoices[0].currency, sum(truth.allocations.values()), refs, booked_on=TODAY, value_on=TODAY
    ), truth


def fee(maker: Maker, case: str) -> Made | None:
    """A named invoice less what a bank on the way kept."""
    if not (chosen := maker.choose(1, 2)):
        return None
    payer, invoices = chosen
    unit = int(10 ** exponent(invoices[0].currency)) * (100 if invoices[0].currency == "JPY" else 1)
    kept = maker.rng.choice((5, 10, 12, 15, 20, 25)) * unit
    largest = max(invoices, key=lambda i: i.open_minor)
    if kept * 100 > 8 * sum(i.open_minor for i in invoices) or kept >= largest.open_minor:
        return None
    truth = maker.truth(case, payer, invoices, {largest.invoice_id: kept})
    refs = _joined([i.number for i in invoices], maker.rng)
    return maker.line(payer, invoices[0].currency, sum(truth.allocations.values()), refs), truth


def partial(maker: Maker, case: str) -> Made | None:
    """A part of a named invoice; what is left may be paid by a later line."""
    if not (chosen := maker.choose(1, 1)):
        return None
    payer, (invoice,) = chosen
    part = invoice.open_minor * maker.rng.choice((20, 25, 30, 40, 50, 60, 75)) // 100 or 1
    maker.chosen.clear()
    left = maker.open[invoice.invoice_id].open_minor
    if part >= left:
        return None
    truth = Truth(
        case,
        Purpose.CUSTOMER_PAYMENT,
        True,
        payer.customer_id,
        {invoice.invoice_id: part},
        {invoice.invoice_id: part},
    )
    return maker.line(payer, invoice.currency, part, invoice.number), truth


def over(maker: Maker, case: str) -> Made | None:
    """A named invoice and something more."""
    if not (chosen := maker.choose(1, 2)):
        return None
    payer, invoices = chosen
    truth = maker.truth(case, payer, invoices)
    more = maker.rng.choice((1, 5, 10, 100)) * int(10 ** exponent(invoices[0].currency)) + maker.rng.randrange(100)
    refs = _joined([i.number for i in invoices], maker.rng)
    return maker.line(payer, invoices[0].currency, sum(truth.allocations.values()) + more, refs), truth


def by_account(maker: Maker, case: str) -> Made | None:
    """Nothing named; the account has paid before, and the amount is that of one invoice."""
    made = _named(maker, case, 1, 1, lambda *_: "")
    return _unnamed(maker, made, knows_account=True)


def by_name(maker: Maker, case: str) -> Made | None:
    """Nothing named; the payer's name and the amount are all there is."""
    return _unnamed(maker, _named(maker, case, 1, 1, lambda *_: ""), knows_account=False)


def by_sum(maker: Maker, case: str) -> Made | None:
    """Nothing named; several invoices of a known account add up to the amount."""
    return _unnamed(maker, _named(maker, case, 2, 5, lambda *_: ""), knows_account=True)


def _unnamed(maker: Maker, made: Made | None, knows_account: bool) -> Made | None:
    """The same payment with a vague text."""
    if made is None:
        return None
    line, truth = made
    text = (phrase("", "", maker.rng),)
    account = maker.world.account[truth.customer_id] if knows_account else ""
    if knows_account:
        maker.world.index.learn_account(account, truth.customer_id, 2)
    return replace(line, references=text, payer_account=account, end_to_end_id="NOTPROVIDED"), truth


def fee_typo(maker: Maker, case: str) -> Made | None:
    """A slip in the number, and a bank's fee: neither the reference nor the amount is quite right."""
    return _changed_refs(maker, fee(maker, case), slip)


def partial_typo(maker: Maker, case: str) -> Made | None:
    """A slip in the number, and a part of the amount."""
    return _changed_refs(maker, partial(maker, case), slip)


def subsidiary_typo(maker: Maker, case: str) -> Made | None:
    """Another firm pays, and slips in the number."""
    return _changed_refs(maker, subsidiary(maker, case), slip)


def _changed_refs(maker: Maker, made: Made | None, write: Callable[[str, random.Random], str]) -> Made | None:
    if made is None:
        return None
    line, truth = made
    refs = _joined([write(maker.open[one].number, maker.rng) for one in truth.allocations], maker.rng)
    return replace(line, references=(phrase(refs, "", maker.rng),)), truth


def some_named(maker: Maker, case: str) -> Made | None:
    """Several invoices paid, one of them not named."""
    if not (chosen := maker.choose(2, 5)):
        return None
    payer, invoices = chosen
    truth = maker.truth(case, payer, invoices)
    refs = _joined([i.number for i in invoices[1:]], maker.rng)
    return maker.line(payer, invoices[0].currency, sum(truth.allocations.values()), refs), truth


def too_many_named(maker: Maker, case: str) -> Made | None:
    """Several invoices named, one of them not paid after all."""
    if not (chosen := maker.choose(3, 5)):
        return None
    payer, invoices = chosen
    truth = maker.truth(case, payer, invoices[1:])
    refs = _joined([i.number for i in invoices], maker.rng)
    return maker.line(payer, invoices[0].currency, sum(truth.allocations.values()), refs), truth


def stale(maker: Maker, case: str) -> Made | None:
    """The payer's template still names last month's invoice; another one is meant, and the amount is its."""
    if not (chosen := maker.choose(1, 1)):
        return None
    payer, (invoice,) = chosen
    settled = [i for i in maker.world.invoices[payer.customer_id] if not maker.open[i.invoice_id].open_minor]
    if not settled:
        return None
    truth = maker.truth(case, payer, [invoice])
    return maker.line(payer, invoice.currency, sum(truth.allocations.values()), settled[0].number), truth


def deduction(maker: Maker, case: str) -> Made | None:
    """A little less than is owed, because something was damaged: what is missing stays owed."""
    if not (chosen := maker.choose(1, 1)):
        return None
    payer, (invoice,) = chosen
    part = invoice.open_minor * maker.rng.randrange(93, 99) // 100
    if not part:
        return None
    paid = {invoice.invoice_id: part}
    truth = Truth(case, Purpose.CUSTOMER_PAYMENT, False, payer.customer_id, paid, paid)
    line = maker.line(payer, invoice.currency, part, invoice.number)
    said = maker.rng.choice(("less damaged goods", "abzgl. Mängel", "minus returns", "gekürzt", ""))
    return replace(line, references=(f"{line.references[0]} {said}",)), truth


def advance_like(maker: Maker, case: str) -> Made | None:
    """Money in advance that happens to be the amount of an invoice of the same customer."""
    payer = maker.rng.choice(maker.world.payers)
    free = [i for i in maker.world.invoices[payer.customer_id] if maker.open[i.invoice_id].open_minor]
    if not free:
        return None
    amount = maker.open[maker.rng.choice(free).invoice_id].open_minor
    word = maker.rng.choice(("deposit order", "Anzahlung Auftrag", "prepayment", "order", ""))
    refs = f"{word} {maker.rng.randrange(10**5, 10**6)}".strip()
    return maker.line(payer, free[0].currency, amount, refs), Truth(
        case, Purpose.CUSTOMER_PAYMENT, False, payer.customer_id
    )


def stranger(maker: Maker, case: str) -> Made | None:
    """Nothing named, and nobody that the ledger knows: only the payer could say what it is."""
    account = f"DE{maker.rng.randrange(10**18, 10**19)}"
    made = _named(maker, case, 1, 1, lambda *_: "", payer_name="Zentrale Dienste Holding AG", payer_account=account)
    return made and (replace(made[0], references=(phrase("", "", maker.rng),)), made[1])


def twice(maker: Maker, case: str) -> Made | None:
    """A payment that was made before and settled its invoices."""
    settled = [one for one in maker.paid[-300:] if all(not maker.open[i].open_minor for i in one[1].allocations)]
    if not settled:
        return None
    line, truth = maker.rng.choice(settled)
    booked = line.booked_on + timedelta(days=maker.rng.randrange(1, 8))
    again = replace(line, line_id=f"line_{maker.seed}_{maker.made}", booked_on=booked, value_on=booked)
    return again, Truth(case, Purpose.CUSTOMER_PAYMENT, False, truth.customer_id)


def advance(maker: Maker, case: str) -> Made | None:
    """Money for an order that is not billed yet."""
    payer = maker.rng.choice(maker.world.payers)
    currency = maker.world.currency[payer.customer_id]
    amount = maker.rng.randrange(100, 3000) * int(10 ** exponent(currency))
    refs = f"order {maker.rng.randrange(10**5, 10**6)}"
    return maker.line(payer, currency, amount, refs), Truth(case, Purpose.CUSTOMER_PAYMENT, False, payer.customer_id)


def payout(maker: Maker, case: str) -> Made | None:
    """A gateway's payout; now and then its amount is that of an invoice."""
    payer, invoice = maker.rng.choice(maker.world.payers), maker.rng.choice(list(maker.open.values()))
    amount = invoice.open_minor if maker.rng.random() < 0.3 else maker.rng.randrange(10_000, 900_000)
    if not amount:
        return None
    name = f"po_{maker.rng.randrange(16**14):014x}"
    line = maker.line(payer, invoice.currency, amount, "", payer_name="STRIPE PAYMENTS EUROPE", payer_account="")
    line = replace(line, references=(maker.rng.choice((f"STRIPE {name}", "STRIPE PAYOUT")),))
    maker.world.index.put_payout(Payout(name, "stripe", line.currency, amount, line.booked_on - timedelta(days=1)))
    return line, Truth(case, Purpose.PAYOUT, False, about=name)


def returned(maker: Maker, case: str) -> Made | None:
    """An earlier payment goes back."""
    if not maker.paid:
        return None
    line, _ = maker.rng.choice(maker.paid[-200:])
    back = replace(
        line,
        line_id=f"line_{maker.seed}_{maker.made}",
        amount_minor=-line.amount_minor,
        kind=LineKind.RETURN,
        references=("RETURN INSUFFICIENT FUNDS", *line.references),
    )
    return back, Truth(case, Purpose.RETURN, False, about=line.line_id)


def outgoing(maker: Maker, case: str) -> Made | None:
    """A supplier is paid, or the bank takes its charge."""
    charge = maker.rng.random() < 0.5
    payer = maker.rng.choice(maker.world.payers)
    amount = -maker.rng.randrange(100, 2_000 if charge else 500_000)
    kind = LineKind.CHARGE if charge else LineKind.TRANSFER
    line = maker.line(payer, "EUR", amount, "", kind=kind, end_to_end_id="", references=("Kontoführung",))
    return line, Truth(case, Purpose.BANK_CHARGE if charge else Purpose.OUTGOING, False)


@dataclass(frozen=True, slots=True)
class Case:
    """A way of paying, its share of all lines in percent, and whether a careful clerk could tell."""

    rate: float
    make: Callable[[Maker, str], Made | None]
    matchable: bool = True


CASES: dict[str, Case] = {
    "exact": Case(21, exact),
    "restyled": Case(12, restyle),
    "typo": Case(7, typo),
    "two_typos": Case(2, two_typos),
    "several": Case(8, several),
    "several_typo": Case(2, several_typo),
    "some_named": Case(2, some_named),
    "too_many_named": Case(1, too_many_named),
    "fee_typo": Case(1, fee_typo),
    "partial_typo": Case(1, partial_typo),
    "subsidiary_typo": Case(1, subsidiary_typo),
    "span": Case(5, span),
    "discount": Case(8, discount),
    "fee": Case(4, fee),
    "partial": Case(5, partial),
    "over": Case(2, over),
    "subsidiary": Case(4, subsidiary),
    "by_account": Case(5, by_account),
    "by_name": Case(3, by_name),
    "by_sum": Case(2, by_sum),
    "stranger": Case(1, stranger, matchable=False),
    "stale": Case(1, stale, matchable=False),
    "deduction": Case(1, deduction, matchable=False),
    "advance_like": Case(0.3, advance_like, matchable=False),
    "twice": Case(2, twice, matchable=False),
    "advance": Case(1, advance, matchable=False),
    "payout": Case(3, payout, matchable=False),
    "returned": Case(1.5, returned, matchable=False),
    "outgoing": Case(1.5, outgoing, matchable=False),
}
