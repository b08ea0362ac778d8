"""What a ledger has to hold so that a model can be learned from it, and tested on what came later."""

from datetime import date

from dunwell.scoring.facts import InvoiceFacts
from model_artifacts.late_payment.evaluate import CutError
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError


def learned_before(file: LedgerFile, cut: date | None) -> date:
    """The day before which is learned: the cut, without one the ledger's end.

    LedgerFileError when nothing was settled before it, CutError when the cut leaves nothing to test on.
    """
    before = cut or file.end
    if not any(_settled_before(one, before) for own in file.ledger.values() for one in own):
        raise LedgerFileError(
            f"The ledger knows of no invoice settled before {before}, so it cannot teach when invoices are paid. "
            "Fill in settled_date, or take a later cut."
        )
    if cut and not any(one.issued_on >= cut for own in file.ledger.values() for one in own):
        raise CutError(f"No invoice was issued from {cut} on: the ledger ends on {file.end}.")
    return before


def left_out(file: LedgerFile | None) -> dict[str, int]:
    """How many rows of a ledger were left out, by what was wrong with them."""
    return dict(sorted(file.left_out.items())) if file else {}


def _settled_before(invoice: InvoiceFacts, day: date) -> bool:
    return invoice.settled_on is not None and invoice.settled_on < day
