"""Optional inputs: found where they say something, worth nothing where they do not, never used before publication."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_artifacts.optional_inputs.ablation import ablation
from model_artifacts.optional_inputs.features import GROUPS, columns_of, optional_features
from model_artifacts.optional_inputs.figures import COLUMNS, Figure, Figures, FiguresError, read_figures

FOLDER = Path(__file__).parents[2] / "model_artifacts" / "optional_inputs"
RECORD = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
AS_OF = date(2026, 6, 30)
FIXED = [
    Figure("C1", "industry", "2026-01-01", AS_OF - timedelta(days=100), "retail"),
    Figure("C1", "credit_score", "2026-01-01", AS_OF - timedelta(days=90), "700"),
    Figure("", "unemployment", "2026-03", AS_OF - timedelta(days=50), "0.5"),
]
LATER = st.lists(
    st.builds(
        lambda kind, days, value: Figure(kind[0], kind[1], "2026-06", AS_OF + timedelta(days=days), value),
        st.sampled_from([("C1", "credit_score"), ("C1", "industry"), ("", "unemployment"), ("retail", "any")]),
        st.integers(0, 400),
        st.sampled_from(["1", "9", "650"]),
    ),
    max_size=6,
)


@given(LATER)
def test_a_figure_is_never_used_before_the_day_after_it_was_published(later: list[Figure]) -> None:
    assert optional_features("C1", Figures([*FIXED, *later]), AS_OF) == optional_features("C1", Figures(FIXED), AS_OF)


def test_from_the_day_after_its_publication_it_is_used_and_a_correction_replaces_it() -> None:
    corrected = [
        Figure("", "unemployment", "2026-05", AS_OF, "2"),
        Figure("", "unemployment", "2026-05", AS_OF + timedelta(days=30), "3"),
        Figure("", "unemployment", "2026-04", AS_OF + timedelta(days=60), "9"),
    ]
    figures = Figures([*FIXED, *corrected])
    days = (AS_OF, AS_OF + timedelta(days=1), AS_OF + timedelta(days=31), AS_OF + timedelta(days=61))
    assert [figures.number("", "unemployment", day) for day in days] == [0.5, 2, 3, 3]


def test_what_no_source_says_is_missing_and_not_average() -> None:
    nothing = optional_features("C2", Figures([]), AS_OF)
    assert nothing == [0.0] * sum(GROUPS.values())
    known = optional_features(
        "C1", Figures([Figure("C1", "credit_score", "2026-01-01", date(2026, 1, 2), "650")]), AS_OF
    )
    assert known[columns_of("credit_score")] == [0.0, 1.0]


def test_the_model_finds_the_inputs_that_do_something_and_only_those() -> None:
    found = ablation(RECORD["seeds"])
    assert found["test"] == RECORD["test"]
    for name in ("credit_score", "industry_payment_trend"):
        worth = found["inputs"][name]["log_loss_without_it"]
        assert worth["mean"] > 3 * worth["standard_error"]
        assert worth["mean"] == pytest.approx(RECORD["inputs"][name]["log_loss_without_it"]["mean"], abs=0.0005)
    industry = found["inputs"]["industry"]["of_new_customers"]
    assert industry["mean"] > 2 * industry["standard_error"]
    for name in ("size", "region", "insolvency_rate", "unemployment"):
        worth = found["inputs"][name]["log_loss_without_it"]
        assert worth["mean"] < 2 * worth["standard_error"]


def test_the_weights_have_the_signs_of_the_effects() -> None:
    for name in ("credit_score", "tenure_years", "industry_payment_trend"):
        effect, (weight, _) = RECORD["inputs"][name]["effect_days"], RECORD["inputs"][name]["weights"]
        assert weight * effect > 0
        assert abs(weight) > 3 * abs(RECORD["inputs"]["size"]["weights"][0])
    construction, retail, services, transport = RECORD["inputs"]["industry"]["weights"]
    assert min(construction, transport) > 0 > max(retail, services)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("C1", "credit_score", "2026-01-01", "2026-01-02", "nan"), "line 2: credit_score is no number"),
        (("C1", "credit_score", "2026-01-01", "2026-01-02", ""), "no number"),
        (("", "unemployment", "2026-13", "2026-01-02", "1"), "dates such as"),
        (("", "unemployment", "2026-05", "2026-04-02", "1"), "published before"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: tuple[str, ...], said: str) -> None:
    path = written(tmp_path, COLUMNS, row)
    with pytest.raises(FiguresError, match=said):
        read_figures(path)


def test_a_file_is_read_or_refused_by_the_columns_it_lacks(tmp_path: Path) -> None:
    good = written(tmp_path, COLUMNS, ("", "unemployment", "2026-05", "2026-06-20", "4.1"))
    assert read_figures(good).number("", "unemployment", AS_OF) == 4.1
    with pytest.raises(FiguresError, match="lacks the columns period, published_on, value"):
        read_figures(written(tmp_path, COLUMNS[:2]))


def written(folder: Path, *rows: tuple[str, ...]) -> Path:
    path = folder / "figures.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path
