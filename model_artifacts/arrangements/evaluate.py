"""Recommended plans against one size for all and no plan, chosen offers against a blanket discount: simulated.

python -m model_artifacts.arrangements.evaluate        writes metrics.json and recovered.svg
"""

import json
from bisect import bisect
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import mean

from dunwell.arrangements.offers import offers
from dunwell.arrangements.policy import ArrangementPolicy, Authority, OfferRule, PlanLimits, PlanPolicy
from dunwell.arrangements.recommend import recommend
from dunwell.arrangements.worth import MONTH_DAYS, Outlook
from model_artifacts.arrangements import CARD_ID
from model_artifacts.arrangements.simulate import (
    AS_OF,
    MONTHS,
    Person,
    Receipts,
    agrees,
    equal_parts,
    people,
    present_value,
    takes,
    with_plan,
    without,
)

FOLDER = Path(__file__).parent
SEEDS = (1, 2, 3, 4, 5)
CURVE_SEED, CURVE_PEOPLE = 900, 4000
PEOPLE = 400
COST_PERCENT = 8
BLANKET_PERMILLE, CAP_PERMILLE, OFFER_DAYS = 200, 400, 30
RISK_BANDS, RATIOS = 4, (0.7, 1.2, 2.0, 3.0, 5.0)
ONE_SIZES = {"three_parts": 3, "six_parts": 6}
CHOOSES = (0.6, 0.85)
"""Of those who are shown several plans so many take the first, and so many the first or second."""
POLICY = ArrangementPolicy(
    plans=PlanPolicy({Authority.CUSTOMER: PlanLimits(max_instalments=12, max_days=380)}),
    settlements=(
        OfferRule("simulated", {Authority.CUSTOMER: CAP_PERMILLE}, 30, 400, {"USD": 1}, expires_days=OFFER_DAYS),
    ),
    cost_of_money_percent=Decimal(COST_PERCENT),
)
Band = tuple[int, int]
Curves = dict[Band, tuple[int, int, int]]


def curves() -> Curves:
    """What people of each band pay in 30, 60 and 90 days without an agreement; of other people than are tested."""
    bands: dict[Band, list[Person]] = {}
    for person in people(CURVE_SEED, CURVE_PEOPLE):
        bands.setdefault(_band(person), []).append(person)
    return {band: _curve(alike) for band, alike in bands.items()}


def _curve(band: Sequence[Person]) -> tuple[int, int, int]:
    owed = sum(person.debt_minor for person in band)
    came = [one for person in band for one in without(person)]
    first, second, third = (sum(a for day, a in came if day <= days) * 1000 // owed for days in (30, 60, 90))
    return first, second, third


def _band(person: Person) -> Band:
    """People who look alike: by risk, and by what is owed against what is usual."""
    return person.risk_permille * RISK_BANDS // 1000, bisect(RATIOS, person.ratio)


def outlook(person: Person, known: Curves) -> Outlook:
    """What scoring would say: a noisy risk, and the curve of people alike."""
    return Outlook(person.risk_permille, known.get(_band(person)), "", "simulation")


def plans(seed: int, known: Curves) -> dict[str, float | int]:
    """One portfolio: shares of what is owed that come in, as worth today, with each way to agree."""
    portfolio = people(seed, PEOPLE)
    owed = sum(person.debt_minor for person in portfolio)
    totals = dict.fromkeys(("none", "three_parts", "six_parts", "recommended", "expected", "expected_realised"), 0.0)
    agreed = kept = shown = 0
    for person in portfolio:
        nothing = without(person)
        totals["none"] += present_value(nothing, COST_PERCENT)
        for name, count in ONE_SIZES.items():
            size = equal_parts(person, count)
            totals[name] += present_value(with_plan(person, size) if agrees(person, size) else nothing, COST_PERCENT)
        found = recommend(person.account, "USD", POLICY, outlook(person, known), person.needs, AS_OF)
        came = nothing
        if found:
            shown += 1
            first, second = CHOOSES
            pick = person.draws[-3][0]
            one = found[0 if pick < first else min(len(found) - 1, 1 if pick < second else 2)]
            if agrees(person, one.draft.instalments):
                came = with_plan(person, one.draft.instalments)
                agreed += 1
                kept += sum(amount for _, amount in came) == person.debt_minor and len(came) == one.terms.instalments
                totals["expected"] += one.worth.expected_minor
                totals["expected_realised"] += present_value(came, COST_PERCENT)
        totals["recommended"] += present_value(came, COST_PERCENT)
    result: dict[str, float | int] = {name: round(total / owed, 4) for name, total in totals.items()}
    return result | {"shown": shown, "agreed": agreed, "kept": kept, "people": PEOPLE}


def incentives(seed: int, known: Curves) -> dict[str, float | int]:
    """One portfolio: the same with settlements chosen by worth, the same share off for everybody, and none."""
    portfolio = people(seed + 1000, PEOPLE)
    owed = sum(person.debt_minor for person in portfolio)

    def chosen(person: Person) -> int:
        found = offers(person.account, "USD", POLICY, outlook(person, known), Authority.CUSTOMER, AS_OF)
        return found[0].forgiven_minor if found else 0

    blanket = _offered(portfolio, lambda person: person.debt_minor * BLANKET_PERMILLE // 1000)
    at_cap = _offered(portfolio, lambda person: person.debt_minor * CAP_PERMILLE // 1000)
    best = _offered(portfolio, chosen)
    none = sum(present_value(without(person), COST_PERCENT) for person in portfolio)
    shares = {"none": none, "blanket": blanket[0], "blanket_at_cap": at_cap[0], "chosen": best[0]}
    found: dict[str, float | int] = {name: round(total / owed, 4) for name, total in shares.items()}
    return found | {
        "blanket_given_up": round(blanket[1] / owed, 4),
        "blanket_at_cap_given_up": round(at_cap[1] / owed, 4),
        "chosen_given_up": round(best[1] / owed, 4),
        "offered": sum(chosen(person) > 0 for person in portfolio),
    }


def _offered(portfolio: Sequence[Person], given_to: Callable[[Person], int]) -> tuple[float, int]:
    total, given_up = 0.0, 0
    for person in portfolio:
        given = given_to(person)
        amount = person.debt_minor - given
        if given and takes(person, amount, OFFER_DAYS):
            total += present_value([(OFFER_DAYS // 2, amount)], COST_PERCENT)
            given_up += given
        else:
            total += present_value(without(person), COST_PERCENT)
    return total, given_up


def measured(seeds: Sequence[int] = SEEDS) -> dict[str, object]:
    """Everything that the card says."""
    known = curves()
    of_plans, of_offers = [plans(seed, known) for seed in seeds], [incentives(seed, known) for seed in seeds]
    return {
        "card_id": CARD_ID,
        "is_simulation": True,
        "seeds": list(seeds),
        "plans": of_plans,
        "plans_mean": _means(of_plans),
        "offers": of_offers,
        "offers_mean": _means(of_offers),
    }


def _means(rows: Sequence[dict[str, float | int]]) -> dict[str, float]:
    return {name: round(mean(row[name] for row in rows), 4) for name in rows[0]}


def figure(known: Curves, seed: int = SEEDS[0]) -> str:
    """What came in month by month, of 100 owed, as an SVG."""
    portfolio = people(seed, PEOPLE)
    owed = sum(person.debt_minor for person in portfolio)
    came: dict[str, Receipts] = {"no plan": [], "three equal parts": [], "recommended": []}
    for person in portfolio:
        nothing, size = without(person), equal_parts(person, 3)
        came["no plan"] += nothing
        came["three equal parts"] += with_plan(person, size) if agrees(person, size) else nothing
        found = recommend(person.account, "USD", POLICY, outlook(person, known), person.needs, AS_OF)
        parts = found[0].draft.instalments if found else ()
        came["recommended"] += with_plan(person, parts) if parts and agrees(person, parts) else nothing
    lines = [_line(receipts, owed, number) for number, receipts in enumerate(came.values())]
    words = [
        f'<text x="430" y="{40 + 22 * number}" fill="{_COLOURS[number]}">{name}</text>'
        for number, name in enumerate(came)
    ]
    axis = (
        '<path d="M40 20V260H420" fill="none" stroke="#555"/><text x="4" y="30">100</text><text x="16" y="264">0</text>'
    )
    title = "<title>Share of the debt received within two years, simulated, by month</title>"
    months = '<text x="40" y="280">today</text><text x="370" y="280">month 24</text>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 290" font-family="sans-serif" font-size="13">'
    return "\n".join((head, title, axis, months, *lines, *words, "</svg>")) + "\n"


_COLOURS = ("#6b7280", "#b45309", "#1d4ed8")
_DASHES = ("2 3", "7 3", "none")


def _line(came: Receipts, owed: int, number: int) -> str:
    points = []
    for month in range(MONTHS + 1):
        share = sum(amount for day, amount in came if day <= month * MONTH_DAYS) / owed
        points.append(f"{40 + month * 380 / MONTHS:.0f},{260 - 235 * share:.0f}")
    style = f'fill="none" stroke="{_COLOURS[number]}" stroke-width="2" stroke-dasharray="{_DASHES[number]}"'
    return f'<polyline points="{" ".join(points)}" {style}/>'


def main() -> None:
    """Measures and writes the record."""
    (FOLDER / "metrics.json").write_text(json.dumps(measured(), indent=2) + "\n", encoding="utf-8")
    (FOLDER / "recovered.svg").write_text(figure(curves()), encoding="utf-8")


if __name__ == "__main__":
    main()
