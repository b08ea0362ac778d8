"""Measures the matching on lines it was never fitted on: `python -m infra.local.remittance`; ``--fit`` fits it first.

Writes measures.json and curve.svg, beside this file unless --out says where.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dunwell.remittance.scoring import WEIGHTS_FILE, Model, fitted
from infra.local.remittance.curve import svg
from infra.local.remittance.evaluate import CUSTOMERS, LINES, Answer, answers, by_case, calibration, engine, quality
from infra.local.remittance.lines import CASES, Maker
from infra.local.remittance.rival import ExactReferences

TRAIN, CALIBRATE, TEST = (1, 2, 3), (11, 12, 13), (21, 22, 23)
MEASURED = Path(__file__).with_name("measured")
TARGET_RECALL, TARGET_PRECISION = 0.85, 0.995
THRESHOLDS = (*range(0, 900, 50), *range(900, 1000, 5))


def main(argv: list[str] | None = None) -> None:
    """Prints what the chosen threshold reaches, case by case, beside exact references."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.remittance", description=__doc__)
    parser.add_argument("--out", type=Path, default=MEASURED, help="where the measures and the curve go")
    parser.add_argument("--lines", type=int, default=LINES, help="bank lines for each seed")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew and keep them")
    args = parser.parse_args(argv)
    if args.fit:
        _fit(args.lines)
    model = fitted()
    found = [one for seed in TEST for one in answers(seed, engine(model), args.lines, CUSTOMERS)]
    plain = [one for seed in TEST for one in rival_answers(seed, args.lines, CUSTOMERS)]
    report = measures(found, plain, model)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "measures.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (args.out / "curve.svg").write_text(picture(found, plain, model), encoding="utf-8")
    _print(report)
    print(f"\nWritten to {args.out}.")


def _fit(lines: int) -> None:
    from infra.local.remittance.fit import fit  # scikit-learn is needed for nothing else here

    model = fit(TRAIN, CALIBRATE, lines)
    WEIGHTS_FILE.write_text(json.dumps(asdict(model), indent=1) + "\n", encoding="utf-8")
    fitted.cache_clear()


def rival_answers(seed: int, lines: int, customers: int) -> list[Answer]:
    """The plain way on the same lines."""
    maker = Maker(seed, customers)
    exact = ExactReferences(maker.open)
    return answers(seed, exact, lines, customers, maker)


def measures(found: Sequence[Answer], plain: Sequence[Answer], model: Model) -> dict[str, Any]:
    """Everything that is reported, as JSON would have it."""
    return {
        "seeds": {"train": TRAIN, "calibrate": CALIBRATE, "test": TEST},
        "lines": len(found),
        "mix_percent": {name: case.rate for name, case in CASES.items()},
        "chosen": asdict(quality(found, model.apply_permille)),
        "exact_references": asdict(quality(plain, 0)),
        "cases": by_case(found, model.apply_permille),
        "calibration": calibration(found),
        "curve": [asdict(quality(found, permille)) for permille in THRESHOLDS],
    }


def picture(found: Sequence[Answer], plain: Sequence[Answer], model: Model) -> str:
    """The curve as SVG."""
    exact = quality(plain, 0)
    return svg(
        [quality(found, permille) for permille in THRESHOLDS],
        quality(found, model.apply_permille),
        (TARGET_RECALL, TARGET_PRECISION),
        (exact.recall, exact.precision),
    )


def _print(report: dict[str, Any]) -> None:
    print(f"{report['lines']} lines of seeds {TEST}, on which nothing was fitted")
    for name in ("chosen", "exact_references"):
        one = report[name]
        print(
            f"  {name:<17} precision {one['precision']:.4f} ({one['wrong']} wrong of {one['applied']} applied), "
            f"recall {one['recall']:.4f} of matchable lines, {one['recall_all']:.4f} of all payments"
        )
    print(f"  {'case':<17} {'lines':>6} {'applied':>8} {'wrong':>6} {'first proposal right':>21}")
    for name, row in report["cases"].items():
        print(f"  {name:<17} {row['lines']:>6} {row['applied']:>8} {row['wrong']:>6} {row['proposed']:>21}")


if __name__ == "__main__":
    main()
