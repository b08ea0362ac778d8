"""How the portal's templates write amounts, dates and numbers: as the page's language and the customer's country do."""

from collections.abc import Callable, Mapping
from datetime import date
from email.utils import parseaddr

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def _money(context: Context, amount_minor: int, currency: str) -> str:
    written: str = context["t"].money(amount_minor, currency)
    return written


@pass_context
def _date(context: Context, day: date) -> str:
    written: str = context["t"].date(day)
    return written


@pass_context
def _number(context: Context, count: int) -> str:
    written: str = context["t"].number(count)
    return written


def _mailbox(sender: str) -> str:
    """The address alone of a sender such as ``Name <a@b.example>``."""
    return parseaddr(sender)[1]


FILTERS: Mapping[str, Callable[..., str]] = {"money": _money, "date": _date, "number": _number, "mailbox": _mailbox}
"""They need ``t`` in the context: import macros that use them ``with context``."""
