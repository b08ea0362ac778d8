"""Before the daily cycle looks at accounts: posts their late fees and interest. Trigger: state machine."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.charges.posting import charges_due
from dunwell.charges.stops import for_review
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell_aws.bootstrap import base, books
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.policy import Policy


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    policy: "Policy | None" = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One worker's pass, or the part of it that time allows. A page charged twice is charged once.

    Where the policy charges nothing, no account is read.
    """
    request = Pass.model_validate(event)
    rules, at = policy or base.policy(), now or base.clock().now()
    if not rules.charges.rules:
        return request.then(cursor="")
    accounts_of, as_of = ledger or books.ledger(), request.business_date(at, rules.creditor.timezone)
    found: Counter[str] = Counter()

    def due(account: Account) -> Change:
        return charges_due(account, rules.charges, as_of, rules.creditor.timezone, at)

    def post(accounts: Sequence[Account]) -> None:
        for account in accounts:
            customer_id = account.customer.customer_id
            for kind in for_review(account.customer, at):
                found["ChargesForReview"] += 1
                logger.warning("charges need a person's review", customer_id=customer_id, hold=kind)
            try:
                change = due(account)
                if change.is_empty:
                    continue
                try:
                    accounts_of.commit(change)
                except ConflictError:
                    update(accounts_of, customer_id, due)
                found["ChargesPosted"] += len(change.entries)
            except InvalidInputError as problem:
                found["ChargesRefused"] += 1
                logger.error("nothing was charged", customer_id=customer_id, reason=str(problem))

    cursor = run_pass(request, accounts_of, post, context.get_remaining_time_in_millis)
    logger.info("charges posted", found=dict(found))
    for name in sorted(found):
        count(name, found[name])
    return request.then(cursor=cursor, charged=request.charged + found["ChargesPosted"])
