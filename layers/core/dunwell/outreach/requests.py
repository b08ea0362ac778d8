"""What customers ask of a person on a page of ours: becomes an agent's task, once."""

import re
from collections.abc import Iterable
from datetime import datetime

from dunwell.errors import InvalidInputError
from dunwell.ids import stable_id
from dunwell.outreach.evidence import EvidenceFile
from dunwell.outreach.tasks import Task, TaskKind

LONGEST = 2_000
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_LONGEST_NUMBER = 30


def request_task(
    customer_id: str,
    reason: str,
    key: str,
    text: str,
    now: datetime,
    invoice_ids: tuple[str, ...] = (),
    files: Iterable[EvidenceFile] = (),
) -> Task:
    """The task of answering a customer.

    Args:
        reason: a code, such as ``dispute`` or ``call_back``. key: names the request; the same key is the same task.
        text: as ``clean_text`` gives it.
    """
    return Task(
        task_id=stable_id("tsk", TaskKind.REQUEST, customer_id, reason, key),
        customer_id=customer_id,
        kind=TaskKind.REQUEST,
        reason=reason,
        opened_at=now,
        invoice_ids=invoice_ids,
        script=text,
        files=tuple(files),
    )


def clean_text(given: str, *, required: bool = True) -> str:
    """What a customer wrote, without what nobody should keep: card numbers, and letters that cannot be printed.

    Raises:
        InvalidInputError: nothing is left, where something is required, or it is too long.
    """
    lines = given.replace("\r\n", "\n").replace("\r", "\n").strip()
    text = _CARD.sub(_hidden, "".join(one for one in lines if one == "\n" or one.isprintable()))
    if required and not text:
        raise InvalidInputError("Write a few words.", field="text", code="no_text")
    if len(text) > LONGEST:
        raise InvalidInputError(f"Write at most {LONGEST} characters.", field="text", code="long_text")
    return text


def clean_number(given: str) -> str:
    """A telephone number to call back, as it was written; empty when none was.

    Raises:
        InvalidInputError: it is no number.
    """
    number = given.strip()
    if number and (len(number) > _LONGEST_NUMBER or not re.fullmatch(r"[+()\d][\d ()/.+-]{4,}", number)):
        raise InvalidInputError("This is not a telephone number.", field="number", code="no_number")
    return number


def _hidden(found: re.Match[str]) -> str:
    digits = [int(one) for one in found[0] if one.isdigit()]
    doubled = [digit if at % 2 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(reversed(digits), 1)]
    return "[card number removed]" if sum(doubled) % 10 == 0 else found[0]
