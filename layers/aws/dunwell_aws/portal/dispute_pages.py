"""Contesting an invoice, whole or in part, and taking that back."""

from chalice.app import Response

from dunwell.accounts.access import new_token
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ledger.change import Change
from dunwell.ledger.disputing import (
    DisputeReason,
    contestable_minor,
    dispute,
    is_withdrawable,
    standing_disputes,
    withdraw_dispute,
)
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell_aws.multipart import MULTIPART_TYPE
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import MistakeError, at_most, read_amount
from dunwell_aws.web import FORM_TYPE, Form

_KEY_BITS = 128
_LONGEST_KEY = 64
_ASKED = DisputeReason.ORIGINAL_CREDITOR
"""Who collects for themselves are it."""


def add_dispute_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/invoices/{invoice_id}/dispute", "GET")
    def show_dispute(invoice_id: str) -> Response:
        """What is contested already, and the form."""
        return dispute_page(site.visitor(), invoice_id)

    @site.route("/invoices/{invoice_id}/dispute", "POST", content_types=(MULTIPART_TYPE, FORM_TYPE))
    def raise_dispute(invoice_id: str) -> Response:
        """Notes the dispute, stops asking, and gives an agent the task of looking into it; twice is once."""
        visitor, form = site.sent()
        try:
            done = _raise(site, visitor, invoice_id, form)
        except (InvalidInputError, ConflictError) as problem:
            return dispute_page(visitor, invoice_id, problem, form)
        return site.redirect(f"/invoices/{invoice_id}/dispute?done={done}")

    @site.route("/invoices/{invoice_id}/dispute/withdraw", "POST")
    def withdraw(invoice_id: str) -> Response:
        """Takes a dispute back."""
        visitor, form = site.sent()
        now, today = site.parts.clock.now(), site.parts.today
        entry_id = form.one("dispute")
        update(
            site.parts.ledger,
            visitor.customer_id,
            lambda account: withdraw_dispute(account, entry_id, on=today, at=now),
        )
        return site.redirect(f"/invoices/{invoice_id}/dispute?done=withdrawn")

    def dispute_page(
        visitor: Visitor, invoice_id: str, problem: Exception | None = None, form: Form | None = None
    ) -> Response:
        free_minor = contestable_minor(visitor.account, invoice_id)
        standing = [(one, is_withdrawable(one)) for one in standing_disputes(visitor.account, invoice_id)]
        return site.page(
            "dispute.html",
            visitor,
            200 if problem is None else 400 if isinstance(problem, InvalidInputError) else 409,
            invoice=visitor.account.invoices[invoice_id],
            free_minor=free_minor,
            standing=standing,
            reasons=[one for one in DisputeReason if one is not _ASKED or site.parts.creditor.party == "third"],
            key=(form.one("key") if form else "") or new_token(_KEY_BITS),
            given={name: form.one(name) if form else "" for name in ("reason", "part", "amount", "text")},
            wrong=_told(site, visitor, problem),
            done=site.done(),
        )


def _told(site: Site, visitor: Visitor, problem: Exception | None) -> str:
    """What was wrong with the form, in the customer's language; empty when nothing was."""
    if problem is None or isinstance(problem, MistakeError):
        return str(problem or "")
    return site.say(visitor)("problems.details." + getattr(problem, "code", ""))


def _raise(site: Site, visitor: Visitor, invoice_id: str, form: Form) -> str:
    """Keeps files, dispute and task, in this order: a task that an agent sees has its files. Tells what was done."""
    from dunwell.outreach.evidence import read_evidence
    from dunwell.outreach.requests import clean_text, request_task

    parts, key = site.parts, form.one("key")[:_LONGEST_KEY]
    contestable_minor(visitor.account, invoice_id)
    if form.one("reason") not in set(DisputeReason):
        raise InvalidInputError("Choose what is wrong.", field="reason", code="dispute_reason")
    reason, text = DisputeReason(form.one("reason")), clean_text(form.one("text"))
    amount_minor = _amount(site, visitor, invoice_id, form) if form.one("part") == "part" else None
    files, now, today = read_evidence(form.files("files")), parts.clock.now(), parts.today
    told = f"{reason.value}\n\n{text}"
    task = request_task(visitor.customer_id, "dispute", key, told, now, (invoice_id,), files)

    def decide(account: Account) -> Change:
        return dispute(account, invoice_id, amount_minor, reason, key=key, note=text, on=today, at=now)

    decide(visitor.account)  # what is refused leaves no files
    if files and not parts.tasks.task(task.customer_id, task.task_id):
        for file, content in files.items():
            parts.evidence().keep(task.customer_id, task.task_id, file, content)
    update(parts.ledger, visitor.customer_id, decide)
    parts.tasks.open_task(task)
    return "raised_with_files" if files else "raised"


def _amount(site: Site, visitor: Visitor, invoice_id: str, form: Form) -> int:
    """The part that is contested, as the customer's language writes numbers (minor units)."""
    currency, say = visitor.account.invoices[invoice_id].currency, site.say(visitor)
    free_minor = contestable_minor(visitor.account, invoice_id)
    return at_most(read_amount(form.one("amount"), currency, say), free_minor, currency, say)
