"""A ledger of few rows, and what a model's training says of one that it refuses."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

COLUMNS = "customer_id,invoice_id,issue_date,due_date,amount,currency,settled_date"


def ledger_of_few(path: Path, rows: Sequence[str]) -> Path:
    """A ledger in the canonical columns without the optional ones."""
    path.write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    return path


def refusal(
    main: Callable[[list[str]], object], path: Path, cut: str | None, out: Path, capsys: pytest.CaptureFixture[str]
) -> str:
    """The sentence with which training from a ledger ends, with status 1 and without a file of a model."""
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(out), "--data", str(path), *(["--cut", cut] if cut else [])])
    assert stopped.value.code == 1
    assert not list(out.glob("*.json"))
    return capsys.readouterr().err
