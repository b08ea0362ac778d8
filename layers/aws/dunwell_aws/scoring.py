"""What the functions that score have in common: scoring a page of accounts and keeping what was found."""

from collections.abc import Sequence
from datetime import date

from dunwell.ledger.model import Account
from dunwell.outreach.policy import Policy
from dunwell.scoring.assess import Assessed, assess_accounts
from dunwell.scoring.outside import Outside
from dunwell.scoring.ports import Scorer
from dunwell_aws.actions import AssessedAccounts, DoneSoFar
from dunwell_aws.observability import count, logger


def score_page(
    accounts: Sequence[Account],
    as_of: date,
    today: date,
    model: Scorer,
    store: AssessedAccounts,
    policy: Policy,
    outside: Outside | None = None,
) -> Assessed:
    """Scores the accounts that owe something and keeps their assessments. Doing it twice keeps the same ones; who
    cannot be scored is logged and stops nobody else, as is who was scored of a later day already.

    Args:
        today: the business date, which `as_of` is not after; an assessment dated after it is replaced.
        outside: see `assess_accounts`.
    """
    found = assess_accounts(accounts, as_of, model, DoneSoFar(store, policy), outside)
    if overtaken := store.assess(found.assessments, today):
        logger.info("scores not kept: there are newer ones", customer_ids=overtaken, as_of=as_of.isoformat())
        count("ScoresNotKept", len(overtaken))
    for damage in sorted(found.damages):
        model_fell_back(damage)
    for refusal in found.refusals:
        logger.warning("customer not scored", customer_id=refusal.customer_id, why=refusal.why)
        count("CustomersNotScored")
    return found


def model_fell_back(why: str) -> None:
    """Raises the alarm that a deployed model cannot be served."""
    logger.error("model cannot be served", why=why)
    count("ModelFallback")
