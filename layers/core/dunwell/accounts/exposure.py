"""How much of a credit limit is used, by a customer alone or by a group; every currency by itself, never netted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is owed in a currency against the limit in it (minor units); None when the currency has no limit."""

    currency: str
    open_minor: int
    limit_minor: int | None = None

    @property
    def available_minor(self) -> int | None:
        """What may still be owed; 0 when the limit is reached or passed, None without a limit."""
        return None if self.limit_minor is None else max(0, self.limit_minor - self.open_minor)

    @property
    def over_minor(self) -> int:
        """By how much the limit is passed; 0 without a limit."""
        return 0 if self.limit_minor is None else max(0, self.open_minor - self.limit_minor)


def exposures(customer: Customer, *balances: Mapping[str, int]) -> tuple[Exposure, ...]:
    """Exposures by currency, in their order; the limit's own currency also when nothing is owed in it.

    Args:
        balances: open balances by currency (minor units), of one account or of several. Unapplied credit is not part
            of them: it lowers no exposure before it is allocated.

    Raises:
        InvalidInputError: a balance is negative, which would net what another invoice owes.
    """
    owed: dict[str, int] = {}
    for currency, open_minor in (item for one in balances for item in one.items()):
        if open_minor < 0:
            raise InvalidInputError("an open balance is never negative: give unapplied credit apart from it")
        owed[currency] = owed.get(currency, 0) + open_minor
    limited = customer.credit_currency if customer.credit_limit_minor is not None else ""
    return tuple(
        Exposure(currency, owed.get(currency, 0), customer.credit_limit_minor if currency == limited else None)
        for currency in sorted(owed.keys() | ({limited} - {""}))
    )


def group_exposures(
    head: Customer, customers: Iterable[Customer], balances: Mapping[str, Mapping[str, int]]
) -> tuple[Exposure, ...]:
    """Exposures of a customer and all that belong to it, directly or through others, against its limit.

    Args:
        customers: those among which its group is found; more may be given.
        balances: open balances by customer and currency (minor units); a customer without any may be left out.

    Raises:
        InvalidInputError: see ``exposures``.
    """
    return exposures(head, *(balances.get(member, {}) for member in group_of(head.customer_id, customers)))


def group_of(head_id: str, customers: Iterable[Customer]) -> list[str]:
    """The ids of a customer and of all that belong to it, each once, parents before children.

    What belonged to a customer that was merged belongs to the one it became part of. Records of two sources may make a
    circle of parents; each is still counted once.
    """
    known = list(customers)
    merged = {customer.customer_id: customer.merged_into for customer in known if customer.merged_into}
    children: dict[str, list[str]] = {}
    for customer in known:
        parent = customer.parent_id
        while parent in merged:
            parent = merged[parent]
        if parent and customer.customer_id not in merged:
            children.setdefault(parent, []).append(customer.customer_id)
    found = {head_id: None}
    waiting = [head_id]
    while waiting:
        for child in sorted(children.get(waiting.pop(0), [])):
            if child not in found:
                found[child] = None
                waiting.append(child)
    return list(found)
