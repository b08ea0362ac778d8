"""Learning the segments from ledgers: centroids of how customers pay, and from when one is silent or disputing.

Each kind of payer begins as a description in numbers, what people mean by its name. k-means moves the five to where
the customers are; a centroid that ends up nearer to another description than to its own has lost its name, and
training stops. So names keep their meaning from one training to the next.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from dunwell.scoring.behaviour import FEW_PAID, LAST_PAID, behaviour, bent, days_late_of, look_back
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import Known, known_at
from dunwell.scoring.segments import SegmentModel, disputed_share, is_quiet, silence
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Ledger

Floats = NDArray[np.float64]

VERSION = "1.1.0"
CARD_ID = "MC-SEGMENTS-1"
CONFIRMATIONS = 2  # `metrics.json` shows what other numbers do

# Share late, mean and spread of days late, share more than 30 days late, days by which the last three were later.
MEANINGS: dict[str, tuple[float, float, float, float, float]] = {
    "reliable": (0.05, -6, 4, 0.0, 0),
    "forgetful": (0.40, 1, 9, 0.03, 0),
    "slow_but_sure": (1.00, 15, 5, 0.02, 0),
    "deteriorating": (0.60, 8, 14, 0.15, 20),
    "cash_strapped": (0.70, 22, 25, 0.30, 0),
}
SCALES = (0.35, 1.0, 0.6, 0.2, 1.2)  # about how far customers of a portfolio are apart in each measure
SNAPSHOTS = 6
SNAPSHOT_EVERY_DAYS = {"made_up": 90, "ledger": 60}
LEDGER_WEIGHT = 0.3  # a real ledger counts for at least so much of the made-up ones, unless it is so small that
MOST_A_ROW = 10.0  # one of its rows would count for more than so many made-up ones

QUIET_PAST_DUE_DAYS = (15, 20, 30, 45)
QUIET_DAYS = (20, 30, 45, 60)
QUIET_WAITS = (1.25, 1.5, 2.0, 3.0)  # more than one: who waits as long as before is not silent yet
QUIET_OUTCOME_DAYS = 30
QUIET_OUTCOME_AT = (30, 40, 50, 60)  # so many days before the end of a made-up portfolio


class MeaningError(Exception):
    """The data have moved a centroid away from what its name means."""


class TrainingRows(NamedTuple):
    """What is learned from: customers on days, what each counts, and which customer each is."""

    known: list[Known]
    weights: Floats
    customers: NDArray[np.int64]

    def drawn(self, seed: int) -> NDArray[np.int64]:
        """Rows of as many customers, drawn with repetition, each with all its days."""
        rows = np.split(np.arange(len(self.known)), np.flatnonzero(np.diff(self.customers)) + 1)
        chosen = np.random.default_rng(seed).integers(0, len(rows), len(rows))
        return np.concatenate([rows[one] for one in chosen])


def snapshots(ledgers: Iterable[Ledger], last_day: date, every_days: int) -> list[list[Known]]:
    """Each customer as it was known on several days, those on which it had paid enough to have a behaviour."""
    days = [last_day - timedelta(days=every_days * back) for back in range(SNAPSHOTS)]
    known = ([known_at(facts, day) for day in days] for ledger in ledgers for facts in ledger.values())
    return [[one for one in customer if len(one.settled) >= FEW_PAID] for customer in known]


def measures_of(known: Sequence[Known]) -> Floats:
    """A row of behaviour's measures for each."""
    return np.array([behaviour(days_late_of(one), look_back(one)).measures for one in known], dtype=np.float64).reshape(
        len(known), 5
    )


def training_rows(made_up: Sequence[Ledger], ledger: Ledger | None, before: date | None) -> TrainingRows:
    """Customers of made-up portfolios, and of a ledger as it was known on a day."""
    made = snapshots(made_up, PORTFOLIO_AS_OF, SNAPSHOT_EVERY_DAYS["made_up"])
    real = snapshots([ledger], before, SNAPSHOT_EVERY_DAYS["ledger"]) if ledger and before else []
    counts = [sum(map(len, made)), sum(map(len, real))]
    weights = np.repeat([1.0, min(MOST_A_ROW, max(1.0, LEDGER_WEIGHT * counts[0] / max(1, counts[1])))], counts)
    customers = np.repeat(np.arange(len(made) + len(real)), [len(one) for one in (*made, *real)])
    return TrainingRows([day for customer in (*made, *real) for day in customer], weights, customers)


def learn(rows: TrainingRows, made_up: Sequence[Ledger]) -> SegmentModel:
    """The model. MeaningError when a name lost its meaning."""
    past_due, days, waits = quiet_thresholds(made_up)
    return SegmentModel(
        version=VERSION,
        card_id=CARD_ID,
        scales=SCALES,
        centroids=centroids(measures_of(rows.known), rows.weights),
        confirmations=CONFIRMATIONS,
        disputed_share=disputing_from(rows),
        quiet_past_due_days=past_due,
        quiet_days=days,
        quiet_waits=waits,
    )


def centroids(measures: Floats, weights: Floats) -> dict[str, tuple[float, ...]]:
    """Where the kinds of payer are. MeaningError when one has lost its name."""
    meant = np.array([(late, bent(mean), bent(spread), long, bent(slip)) for late, mean, spread, long, slip in
                      MEANINGS.values()]) / SCALES  # fmt: skip
    found: Any = KMeans(len(meant), init=meant, n_init=1, max_iter=300, tol=0.0).fit(
        measures / SCALES, sample_weight=weights
    )
    nearest = ((found.cluster_centers_[:, None] - meant) ** 2).sum(axis=2).argmin(axis=1)
    for name, column, own in zip(MEANINGS, nearest, range(len(meant)), strict=True):
        if column != own:
            other = list(MEANINGS)[column]
            raise MeaningError(
                f"What was called {name} now looks like {other}: look at the data before training on it."
            )
    centres = found.cluster_centers_ * np.array(SCALES)
    return {name: tuple(round(float(one), 3) for one in row) for name, row in zip(MEANINGS, centres, strict=True)}


def disputing_from(rows: TrainingRows) -> float:
    """The share of disputed invoices half way between those who hardly dispute and those who often do."""
    shares = np.array([[disputed_share(_last_issued(one))] for one in rows.known])
    found: Any = KMeans(2, init=np.array([[0.0], [0.4]]), n_init=1).fit(shares, sample_weight=rows.weights)
    return round(float(found.cluster_centers_.mean()), 2)


def _last_issued(known: Known) -> list[InvoiceFacts]:
    return sorted(known.invoices, key=lambda one: (one.issued_on, one.invoice_id))[-LAST_PAID:]


def quiet_thresholds(ledgers: Sequence[Ledger]) -> tuple[int, int, float]:
    """From when silence means that nothing will be paid in the next 30 days: the thresholds that tell those best
    from the others who have something past due (by Youden's J: hits less false alarms).
    """
    seen = [one for ledger in ledgers for one in _silences(ledger)]
    silent = np.array([nothing for _, nothing in seen])

    def told_apart(thresholds: tuple[int, int, float]) -> float:
        by = SegmentModel("", "", (), {}, 1, 1.0, *thresholds)
        said = np.array([is_quiet(one, by) for one, _ in seen])
        return float(said[silent].mean() - said[~silent].mean())

    grid = [(past, days, waits) for past in QUIET_PAST_DUE_DAYS for days in QUIET_DAYS for waits in QUIET_WAITS]
    return max(grid, key=told_apart)


def _silences(ledger: Ledger) -> list[tuple[Any, bool]]:
    """Of customers with something past due: how silent they were, and whether they then paid nothing for 30 days."""
    found = []
    for facts in ledger.values():
        for back in QUIET_OUTCOME_AT:
            day = PORTFOLIO_AS_OF - timedelta(days=back)
            known = known_at(facts, day)
            silent = silence(known)
            if len(known.settled) >= FEW_PAID and silent.oldest_past_due_days > 0:
                until = day + timedelta(days=QUIET_OUTCOME_DAYS)
                paid = any(one.settled_on and day <= one.settled_on < until for one in facts)
                found.append((silent, not paid))
    return found
