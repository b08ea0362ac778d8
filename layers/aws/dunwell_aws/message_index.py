"""Pointers from a service's message id, and from a number, to whom was written: text messages carry no names."""

from dataclasses import dataclass

from dunwell.ids import stable_id
from dunwell_aws.table import Table, message_partition, number_partition, ttl_after

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
    return stable_id("num", number)


class DynamoMessageIndex:
    """Pointers in the one table; they end by themselves after a little more than a year."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_number(self, number: str, customer_id: str) -> None:
        """Remember that a customer is written to at a number; before the message leaves, so that STOP finds them."""
        self._put({"pk": number_partition(number), "sk": customer_id, "customer_id": customer_id})

    def note_message(self, message_id: str, number: str, customer_id: str, contact_id: str) -> None:
        """Remember which contact a message is."""
        names = {"customer_id": customer_id, "contact_id": contact_id, "number_id": number_id(number)}
        self._put({"pk": message_partition(message_id), "sk": _POINTER} | names)

    def written(self, message_id: str) -> Written | None:
        """Which contact a message is; None when it is none of ours, or not noted yet."""
        found = self._table.get(message_partition(message_id), _POINTER)
        return Written(found["customer_id"], found["contact_id"], found["number_id"]) if found else None

    def customers(self, number: str) -> list[str]:
        """The customers who were written to at a number."""
        return [found["customer_id"] for found in self._table.query(number_partition(number))]

    def _put(self, pointer: dict[str, str]) -> None:
        self._table.write([self._table.put(pointer | {"ttl": ttl_after(_DAYS * _DAY_SECONDS)})])
