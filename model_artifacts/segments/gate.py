"""The gate: what trained segments must show before they are deployed. They are to hold steady and to mean something.

Steady, on made-up portfolios never learned from and, where there is one, on the ledger:

- learned again from customers drawn with repetition, no name is lost, and the adjusted Rand index is at least 0.85 on
  average and 0.7 at the least;
- at least 90 % of customers keep their segment when one random invoice is unknown;
- a customer changes segment at most once a year.

Separate, by invoices issued later:

- at least 25 % of the variance of being late lies between the segments (10 % on a ledger that has all invoices of one
  kind of term, with few of the segments in it);
- who is called reliable is late less often than the forgetful, and these less often than the slow but sure;
- at least three in four of those who get worse are seen.
"""

from itertools import pairwise
from typing import Any

RAND_MEAN, RAND_LEAST = 0.85, 0.7
SAME_WITHOUT_ONE = 0.9
CHANGES_A_YEAR = 1.0
BETWEEN = {"made_up_hold_out": 0.25, "ledger": 0.1}
IN_ORDER = ("reliable", "forgetful", "slow_but_sure")
NOTICED = 0.75
FEWEST_INVOICES = 30
Found = dict[str, Any]


def refusals(record: Found) -> list[str]:
    """Why the model on this record may not be deployed; empty when it may. Without an evaluation it may not."""
    made_up = record.get("made_up_hold_out")
    if not made_up or "late_afterwards" not in made_up:
        return ["It was not measured on portfolios that it was not learned from."]
    chosen = next((one for one in made_up["by_confirmations"].values() if one["chosen"]), None)
    if chosen is None:
        return ["The number of confirmations that it uses was not measured."]
    found = _noticed(chosen["deteriorating"])
    changes = {"made_up_hold_out": chosen["changes_a_customer_a_year"]}
    if ledger := record.get("ledger"):
        changes["ledger"] = ledger["changes_a_customer_a_year_after_the_cut"]
    for name, a_year in changes.items():
        where = name.replace("_", " ")
        found += [f"On the {where}: {reason}" for reason in _steady(record[name], a_year)]
        found += [f"On the {where}: {reason}" for reason in _separate(record[name], BETWEEN[name])]
    return found


def _steady(measured: Found, changes_a_year: float) -> list[str]:
    found, again = [], measured["resampling"]
    if again["lost_a_name"]:
        found.append(f"{again['lost_a_name']} of {again['resamplings']} resamplings lost a name.")
    if again["adjusted_rand_mean"] < RAND_MEAN or again["adjusted_rand_least"] < RAND_LEAST:
        found.append(f"the adjusted Rand index is {again['adjusted_rand_mean']}, least {again['adjusted_rand_least']}.")
    if measured["same_with_one_invoice_left_out"] < SAME_WITHOUT_ONE:
        found.append(f"only {measured['same_with_one_invoice_left_out']:.1%} keep their segment without one invoice.")
    if changes_a_year > CHANGES_A_YEAR:
        found.append(f"a customer changes segment {changes_a_year} times a year.")
    return found


def _separate(measured: Found, least: float) -> list[str]:
    """Nothing to say of a ledger that ends with the cut."""
    if "variance_of_late_between_segments" not in measured:
        return []
    found, between = [], measured["variance_of_late_between_segments"]
    if between < least:
        found.append(f"{between:.1%} of the variance of late lies between the segments.")
    later = [(name, measured["late_afterwards"].get(name, {})) for name in IN_ORDER]
    known = [(name, one["late"]) for name, one in later if one.get("invoices", 0) >= FEWEST_INVOICES]
    for (name, late), (other, later_late) in pairwise(known):
        if late >= later_late:
            found.append(f"{name} pay late as often as {other}.")
    return found


def _noticed(deteriorating: Found) -> list[str]:
    seen, of = deteriorating["noticed"], deteriorating["customers"]
    return [f"Only {seen} of {of} who get worse are seen."] if seen < NOTICED * of else []
