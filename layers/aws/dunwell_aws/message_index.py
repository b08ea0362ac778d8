"""Pointers from a service's message id, and from an address, to whom was written; and what was said at an address."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from dunwell.accounts.contact_points import PointKind, address_id
from dunwell.accounts.shared import Word
from dunwell.errors import ConflictError
from dunwell_aws.table import NEW, SAID, Table, address_partition, from_plain, message_partition, to_plain, ttl_after

_POINTER = "CONTACT"
_DAYS = 400
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Written:
    """One message that was sent: to whom, which contact it is, and to which number (not the number itself)."""

    customer_id: str
    contact_id: str
    number_id: str


def number_id(number: str) -> str:
    """A number's name, which does not tell the number."""
    return address_id(PointKind.PHONE, number)


class DynamoMessageIndex:
    """``AddressBook`` and pointers in the one table.

    Pointers end by themselves after a little more than a year; what was said stays, for whoever is imported later.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_customer(self, where: str, customer_id: str) -> list[Word]:
        """See the port. A write and a read, in this order."""
        self._put({"pk": address_partition(where), "sk": customer_id, "customer_id": customer_id})
        return [from_plain(Word, found) for found in self._table.query(address_partition(where), SAID)]

    def note_word(self, where: str, word: Word) -> list[str]:
        """See the port. A conditional write and a read, in this order."""
        place = {"pk": address_partition(where), "sk": f"{SAID}{word.channel}#{word.said.topic}"}
        latest = {"latest": _latest(word)}
        newer = f"{NEW} OR latest < :latest"
        put = self._table.put(place | latest | to_plain(word), newer, {":latest": latest["latest"]})
        with suppress(ConflictError):  # something later is known
            self._table.write([put])
        return self.customers(where)

    def customers(self, where: str) -> list[str]:
        """See the port."""
        found = self._table.query(address_partition(where))
        return [one["customer_id"] for one in found if not one["sk"].startswith(SAID)]

    def note_message(self, message_id: str, number: str, customer_id: str, contact_id: str) -> None:
        """Remember which contact a message is."""
        names = {"customer_id": customer_id, "contact_id": contact_id, "number_id": number_id(number)}
        self._put({"pk": message_partition(message_id), "sk": _POINTER} | names)

    def written(self, message_id: str) -> Written | None:
        """Which contact a message is; None when it is none of ours, or not noted yet."""
        found = self._table.get(message_partition(message_id), _POINTER)
        return Written(found["customer_id"], found["contact_id"], found["number_id"]) if found else None

    def _put(self, pointer: dict[str, Any]) -> None:
        self._table.write([self._table.put(pointer | {"ttl": ttl_after(_DAYS * _DAY_SECONDS)})])


def _latest(word: Word) -> str:
    """Text that sorts as ``Word.order`` does."""
    at, refuses = word.order
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{int(refuses)}"
