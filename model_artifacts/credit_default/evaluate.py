"""Probability of not paying on UCI's credit card clients, in five random folds since the file has no dates:
`python -m model_artifacts.credit_default.evaluate --data CSV --out JSON`.

Nothing is served from this: it shows on a portfolio of another kind what the methods reach without sex, education,
marital status and age; and, by these as labels alone, whether the forecasts weigh on groups differently.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_artifacts.credit_default.features import COLUMNS, NEVER, CreditFileError, Floats, features, read
from model_artifacts.credit_default.groups import read_labels
from model_artifacts.late_payment import impact, measures

THRESHOLDS = (0.15, 0.3, 0.5)  # of risk; below counts in an account's favour
FOLDS, SEED = 5, 1  # the settings were chosen on the folds of seed 0


def boosted() -> Any:
    """Slow learning in small trees: tables of thirty thousand accounts are noisy."""
    return HistGradientBoostingClassifier(
        learning_rate=0.03,
        max_iter=250,
        max_leaf_nodes=12,
        min_samples_leaf=60,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=0,
    )


def evaluate(path: Path) -> dict[str, Any]:
    """Out-of-fold measures of the model and its plain rivals. CreditFileError when the file is not UCI's."""
    columns, y = read(path)
    labels = read_labels(path)
    ours, plain = features(columns), columns
    found: dict[str, tuple[Callable[[], Any], Floats]] = {
        "model": (boosted, ours),
        "logistic_regression": (lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)), plain),
        "gradient_boosting": (lambda: HistGradientBoostingClassifier(random_state=0), plain),
    }
    of_each = {name: _out_of_fold(make, X, y) for name, (make, X) in found.items()}
    return {
        "data": "UCI default of credit card clients",
        "folds": FOLDS,
        "never_an_input": sorted(NEVER),
        "columns": list(COLUMNS),
        "features": ours.shape[1],
        **{name: {**measures.classification(y, p), "auc_mean_of_folds": auc} for name, (p, auc) in of_each.items()},
        "base_rate": measures.classification(y, np.full(len(y), y.mean())),
        "adverse_impact": impact.adverse_impact(
            {str(at): risk for at, risk in enumerate(of_each["model"][0].tolist())}, labels, THRESHOLDS
        ),
        "defaulted": {kind: _rates(of_account, y) for kind, of_account in labels.items()},
    }


def _rates(of_account: Mapping[str, str], y: NDArray[np.int64]) -> dict[str, float]:
    """The share of each group's accounts that defaulted."""
    groups = np.array([of_account[str(at)] for at in range(len(y))])
    return {str(group): round(float(y[groups == group].mean()), 4) for group in np.unique(groups)}


def _out_of_fold(make: Callable[[], Any], X: Floats, y: NDArray[np.int64]) -> tuple[Floats, float]:
    p, aucs = np.zeros(len(y)), []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(X, y):
        p[test] = make().fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        aucs.append(measures.classification(y[test], p[test])["auc"] or 0)
    return p, round(float(np.mean(aucs)), 4)


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, evaluates and writes the measures."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.credit_default.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="UCI's file (CSV, two header lines)")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    args = parser.parse_args(argv)
    try:
        found = evaluate(args.data)
    except (CreditFileError, OSError) as error:
        parser.exit(1, f"evaluate: {error}\n")
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name in ("model", "logistic_regression", "gradient_boosting", "base_rate"):
        one = found[name]
        print(f"{name:<22} AUC {one['auc']:.4f}  PR-AUC {one['pr_auc']:.4f}  Brier {one['brier']:.4f}")
    print(impact.summary(found["adverse_impact"]))
    print(f"Wrote {args.out}.")


if __name__ == "__main__":
    main()
