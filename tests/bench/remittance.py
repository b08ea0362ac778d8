"""Cash application: bank lines a second, beside exact references on the same lines, and what each gets right."""

from dunwell.remittance.matching import match
from dunwell.remittance.scoring import fitted
from infra.local.remittance.__main__ import TEST, rival_answers
from infra.local.remittance.evaluate import answers, engine, quality
from infra.local.remittance.lines import Made, Maker
from infra.local.remittance.rival import ExactReferences
from tests.bench.measure import Entry, Result, rates

LINES, CUSTOMERS = 1000, 3000


def bench(repetitions: int) -> list[Result]:
    """The matching itself over an index in memory; look-ups are counted, because they are what AWS bills."""
    maker = Maker(TEST[0], CUSTOMERS)
    made: list[Made] = list(maker.lines(LINES))
    world = Maker(TEST[0], CUSTOMERS)  # the same one, in which nothing is paid yet
    index, exact = _Counting(world), ExactReferences(world.open)
    ours, plain = rates(
        len(made),
        repetitions,
        lambda: [match(line, world.world.index) for line, _ in made],
        lambda: [exact(line, world.world.index) for line, _ in made],
    )
    for line, _ in made:
        match(line, index)  # type: ignore[arg-type]
    good = quality(answers(TEST[0], engine(fitted()), LINES, CUSTOMERS), fitted().apply_permille)
    bad = quality(rival_answers(TEST[0], LINES, CUSTOMERS), 0)
    return [
        Entry(
            name="remittance_match",
            what="bank lines matched to open invoices, with confidence and reasons; index in memory",
            unit="lines/s",
            ours=ours,
            alternative="the invoice's number letter by letter in the text: "
            f"precision {bad.precision:.3f} and recall {bad.recall:.3f}, "
            f"ours {good.precision:.3f} and {good.recall:.3f}",
            plain=plain,
            cost=f"{1000 / ours.median:.2f} ms of one core and {index.calls / len(made):.1f} look-ups "
            f"({index.keys / len(made):.0f} keys) a line",
            usage={"lookups": index.calls / len(made), "keys": index.keys / len(made)},
        )
    ]


class _Counting:
    """The index, counting look-ups and their keys."""

    def __init__(self, maker: Maker) -> None:
        self._index = maker.world.index
        self.calls = self.keys = 0

    def __getattr__(self, name: str) -> object:
        def counted(*args: object) -> object:
            self.calls += 1
            self.keys += len(args[0]) if isinstance(args[0], list) else 1
            return getattr(self._index, name)(*args)

        return counted
