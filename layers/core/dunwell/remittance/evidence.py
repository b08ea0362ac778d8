"""What the index knows that may bear on a line: whose it may be, and which invoices its text names."""

from collections.abc import Sequence
from dataclasses import dataclass

from dunwell.remittance.keys import account_key, customer_number_keys, name_lookup_keys, name_words, pieces, squeeze
from dunwell.remittance.model import AccountLink, BankLine, OpenInvoice, Payer, PostedLine
from dunwell.remittance.names import similarity_permille
from dunwell.remittance.ports import RemittanceIndex
from dunwell.remittance.references import Level, Mention, Text

MAX_CUSTOMERS = 10
MAX_KEYS = 400
ALIKE_PERMILLE = 600
REPEAT_DAYS = 21


@dataclass(frozen=True, slots=True)
class Standing:
    """What ties a customer to a line apart from invoice numbers.

    Attributes:
        account_times: how often the payer's account paid for this customer; account_others: for others.
        name_permille: likeness of the payer's name and the customer's, None when the line has none.
        number_named: the text has the customer's own number.
    """

    payer: Payer
    account_times: int = 0
    account_others: int = 0
    name_permille: int | None = None
    number_named: bool = False

    @property
    def identified(self) -> bool:
        """Whether something other than an invoice number speaks for this customer."""
        return self.account_times > 0 or self.number_named or (self.name_permille or 0) >= ALIKE_PERMILLE


@dataclass(frozen=True, slots=True)
class Claim:
    """An invoice found by number anywhere in the portfolio, and where the text has it."""

    start: int
    stop: int
    level: Level
    invoice: OpenInvoice


@dataclass(frozen=True)
class Evidence:
    """All there is to decide on a line.

    Attributes:
        claims: invoices that the text names, of whichever customer, also settled ones.
        open_invoices: by customer, those to choose from.
        posted: earlier lines of the same amount.
    """

    line: BankLine
    text: Text
    claims: tuple[Claim, ...]
    standings: tuple[Standing, ...]
    open_invoices: dict[str, tuple[OpenInvoice, ...]]
    mentions: dict[str, tuple[Mention, ...]]
    posted: tuple[PostedLine, ...] = ()


def gather(line: BankLine, index: RemittanceIndex) -> Evidence:
    """Looks up whatever may bear on a line that brought money in: a bounded number of look-ups, whatever there is."""
    text = Text((*line.references, line.end_to_end_id))
    links = index.customers_by_account(account_key(line.payer_account)) if line.payer_account else ()
    claims = _claims(line, text, index, known_payer=bool(links))
    standings = _standings(line, text, index, links, claims)
    chosen = {
        one.payer.customer_id: tuple(index.open_invoices(one.payer.customer_id, line.currency)) for one in standings
    }
    return Evidence(
        line,
        text,
        claims,
        standings,
        chosen,
        {customer_id: tuple(text.mentions(invoices)) for customer_id, invoices in chosen.items()},
        _earlier(line, index.posted_lines(line.currency, line.amount_minor)),
    )


def _earlier(line: BankLine, posted: Sequence[PostedLine]) -> tuple[PostedLine, ...]:
    near = (one for one in posted if one.line_id != line.line_id)
    return tuple(one for one in near if abs((line.booked_on - one.booked_on).days) <= REPEAT_DAYS)


def _claims(line: BankLine, text: Text, index: RemittanceIndex, known_payer: bool) -> tuple[Claim, ...]:
    claims = _found(line, text, index, text.keys)
    if not claims and not known_payer:
        claims = _found(line, text, index, text.swapped_keys)
    return tuple(sorted(claims, key=lambda one: (-one.level, one.invoice.invoice_id)))


def _found(line: BankLine, text: Text, index: RemittanceIndex, keys: set[str]) -> list[Claim]:
    hits = index.invoices_by_reference(sorted(keys)[:MAX_KEYS]) if keys else {}
    invoices = {one.invoice_id: one for many in hits.values() for one in many if one.currency == line.currency}
    return [
        Claim(window.start, window.stop, level, one)
        for one in invoices.values()
        for level, window in text.grade(one)
        if level > Level.SUFFIX
    ]


def _standings(
    line: BankLine, text: Text, index: RemittanceIndex, links: Sequence[AccountLink], claims: Sequence[Claim]
) -> tuple[Standing, ...]:
    numbers = [window.text for window in text.windows if window.stop - window.start <= 2]
    keys = sorted({*name_lookup_keys(line.payer_name), *customer_number_keys(numbers)})[:MAX_KEYS]
    named = {one for many in index.customers_by_key(keys).values() for one in many} if keys else set()
    claimed = {one.invoice.customer_id for one in claims}
    payers = index.payers(sorted(named | claimed | {link.customer_id for link in links}))
    squeezed = {squeeze(number) for number in numbers}
    found = [_standing(payer, line, squeezed, links) for payer in payers.values()]
    kept = [one for one in found if one.identified or one.payer.customer_id in claimed]
    levels: dict[str, int] = {}
    for claim in claims:
        levels[claim.invoice.customer_id] = max(levels.get(claim.invoice.customer_id, 0), claim.level)
    kept.sort(key=lambda one: (-_weight(one, levels.get(one.payer.customer_id, 0)), one.payer.customer_id))
    return tuple(kept[:MAX_CUSTOMERS])


def _weight(standing: Standing, level: int) -> int:
    """Rough order for choosing whom to look at; the order of proposals is the model's."""
    account = 1500 if standing.account_times else 0
    return account + 1000 * standing.number_named + (standing.name_permille or 0) + 250 * level


def _standing(payer: Payer, line: BankLine, squeezed: set[str], links: Sequence[AccountLink]) -> Standing:
    mine = sum(link.times for link in links if link.customer_id == payer.customer_id)
    number = squeeze("".join(pieces(payer.number)))
    return Standing(
        payer,
        mine,
        sum(link.times for link in links) - mine,
        similarity_permille(line.payer_name, payer.name) if name_words(line.payer_name) else None,
        len(number) > 2 and number in squeezed,
    )
