"""Assessments, contacts and cases in DynamoDB, beside the customer's ledger entries.

What nothing is asked by is packed: an assessment's reasons, a contact's decisions. So each of them is one write unit.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from dunwell.errors import ConflictError
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import Event
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.ports import CollectionState
from dunwell.scoring.assessment import HISTORY_DAYS, Assessment, Basis, PastScore
from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.packing import packed, unpacked
from dunwell_aws.table import (
    CASE,
    COLLECT,
    CONTACT,
    NEW,
    SCORE,
    WAITING_CASES,
    Table,
    from_plain,
    partition,
    plain_events,
    to_plain,
    translated,
    waiting_partition,
    waiting_place,
    waiting_shard,
)

_RISKS = 1024
_TURNS = 64  # of the history, until a number means another round: eleven years
_SCORE_BYTES = 3
_NO_MODEL = "b4"  # what stands there in scores from before models were kept
_ASKED = ("as_of", "account_version", "risk_permille", "model_version", "segment")
_ANSWERS = ("opened_at", "clicked_at", "replied_at")
NOT_OVERTAKEN = (
    f"{NEW} OR as_of < :as_of OR "
    "(as_of = :as_of AND (attribute_not_exists(account_version) OR account_version <= :version))"
)
DATED_AHEAD = " OR as_of > :today"


class DynamoCollection:
    """``ContactStore``, ``CaseStore`` and ``AssessmentStore`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # --- assessments ---

    def assess(self, assessments: Sequence[Assessment], today: date | None = None) -> list[str]:
        """See ``AssessmentStore``. One conditional write each: a batch write could not refuse an older score."""
        overtaken = []
        for assessment in assessments:
            stored = _assessment(assessment)
            bounds = {":as_of": stored["as_of"], ":version": stored["account_version"]}
            bounds |= {":today": today.isoformat()} if today else {}
            names = {f"#{number}": name for number, name in enumerate(stored)}
            values = {f":{number}": value for number, value in enumerate(stored.values())}
            try:
                self._table.client.update_item(
                    TableName=self._table.name,
                    Key=item({"pk": partition(assessment.customer_id), "sk": SCORE}),
                    UpdateExpression="SET " + ", ".join(f"#{number} = :{number}" for number in range(len(stored))),
                    ConditionExpression=NOT_OVERTAKEN + (DATED_AHEAD if today else ""),
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=item(values | bounds),
                )
            except ClientError as error:
                if not isinstance(translated(error), ConflictError):
                    raise
                overtaken.append(assessment.customer_id)
        return overtaken

    def basis(self, customer_id: str) -> Basis | None:
        """See ``AssessmentStore``. One read of two attributes, which costs as much as one of all of them."""
        found = self._table.client.get_item(
            TableName=self._table.name,
            Key=item({"pk": partition(customer_id), "sk": SCORE}),
            ProjectionExpression="as_of, account_version",
            ConsistentRead=True,
        )
        if "Item" not in found:
            return None
        stored = plain(found["Item"])
        return Basis(date.fromisoformat(stored["as_of"]), int(stored.get("account_version", 0)))

    def assessment(self, customer_id: str) -> Assessment | None:
        """See ``AssessmentStore``."""
        from dunwell_aws.assessment_details import open_details  # 20 ms: not for those who only want contacts

        stored = self._table.get(partition(customer_id), SCORE)
        if stored is None:
            return None
        asked = {name: stored[name] for name in _ASKED} | {"customer_id": customer_id}
        found = from_plain(Assessment, asked | open_details(stored["details"]))
        past = [past_score(name, value, found.as_of) for name, value in stored.items() if name.isdigit()]
        recent = [one for one in past if 0 <= (found.as_of - one.as_of).days < HISTORY_DAYS]
        return replace(found, history=tuple(sorted(recent, key=lambda one: one.as_of)))

    # --- contacts ---

    def state(self, customer_id: str) -> CollectionState:
        """See ``ContactStore``. One query."""
        contacts: list[Contact] = []
        in_case: set[str] = set()
        risk: int | None = None
        model = segment = ""
        for stored in self._table.query(partition(customer_id), COLLECT):
            if stored["sk"].startswith(CONTACT):
                contacts.append(contact_of(stored))
            elif stored["sk"].startswith(CASE):
                if stored["status"] != CaseStatus.CLOSED:
                    in_case.add(stored["currency"])
            else:
                risk, model, segment = stored["risk_permille"], stored["model_version"], stored["segment"]
        contacts.sort(key=lambda contact: (contact.planned_on, contact.contact_id))
        return CollectionState(tuple(contacts), risk, model, frozenset(in_case), segment)

    def done(self, customer_id: str) -> tuple[list[Contact], list[Case]]:
        """A customer's contacts and cases, closed ones too. One query."""
        contacts: list[Contact] = []
        cases: list[Case] = []
        for stored in self._table.query(partition(customer_id), COLLECT):
            if stored["sk"].startswith(CONTACT):
                contacts.append(contact_of(stored))
            elif stored["sk"].startswith(CASE):
                cases.append(from_plain(Case, stored))
        return contacts, cases

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        """See ``ContactStore``. One conditional put, at half the price of a transaction, when there is one contact.

        The events stand in the first contact's item, from which the stream brings them as it does those of a ledger's
        journal; the contact's next state is written without them.
        """
        if not contacts:
            return self._written(self._table.outbox(customer_id, events))
        first, *others = [_contact(contact) for contact in contacts]
        if events:
            first["events"] = plain_events(events)
        return self._written([self._table.put(one, NEW) for one in (first, *others)])

    def contact(self, customer_id: str, contact_id: str) -> Contact | None:
        """See ``ContactStore``."""
        stored = self._table.get(partition(customer_id), CONTACT + contact_id)
        return contact_of(stored) if stored else None

    def move(self, contact: Contact, was: ContactStatus, events: Sequence[Event] = ()) -> bool:
        """See ``ContactStore``. One transaction."""
        put = self._table.put(_contact(contact), "#status = :was", {":was": was.value})
        put["Put"]["ExpressionAttributeNames"] = {"#status": "status"}
        return self._moved([put, *self._table.outbox(contact.customer_id, events)])

    def keep(self, contact: Contact, was: Contact, events: Sequence[Event] = ()) -> bool:
        """See ``ContactStore``. One conditional put, or one transaction with events."""
        read, conditions, values = to_plain(was), ["#status = :was"], {":was": was.status.value}
        for name in _ANSWERS:
            if read[name] is None:
                conditions.append(f"(attribute_not_exists({name}) OR attribute_type({name}, :null))")
                values[":null"] = "NULL"
            else:
                conditions.append(f"{name} = :{name}")
                values[f":{name}"] = read[name]
        put = self._table.put(_contact(contact), " AND ".join(conditions), values)
        put["Put"]["ExpressionAttributeNames"] = {"#status": "status"}
        try:
            self._table.write([put, *self._table.outbox(contact.customer_id, events)])
        except ConflictError:
            return False
        return True

    def waiting(self, shard: int, until: datetime) -> Iterator[Contact]:
        """See ``WaitingContacts``. One index query for the keys, one read a contact."""
        for key in self._table.work(waiting_partition(shard), until=waiting_place(until, "~")):
            stored = self._table.get(key["pk"], key["sk"])
            found = contact_of(stored) if stored else None
            if found and found.status is ContactStatus.PLANNED and found.send_after:  # an index may be a moment old
                yield found

    # --- cases ---

    def open_case(self, case: Case, events: Sequence[Event]) -> Case:
        """See ``CaseStore``. One transaction, and a read when the case was there."""
        if self._moved([self._table.put(_case(case), NEW), *self._table.outbox(case.customer_id, events)]):
            return case
        return self.case(case.customer_id, case.case_id) or case

    def case(self, customer_id: str, case_id: str) -> Case | None:
        """See ``CaseStore``."""
        stored = self._table.get(partition(customer_id), CASE + case_id)
        return from_plain(Case, stored) if stored else None

    def cases(self, customer_id: str) -> list[Case]:
        """See ``CaseStore``. One query."""
        return [from_plain(Case, stored) for stored in self._table.query(partition(customer_id), CASE)]

    def move_case(self, case: Case, events: Sequence[Event] = ()) -> bool:
        """See ``CaseStore``. One transaction."""
        stored = _case(replace(case, version=case.version + 1))
        put = self._table.put(stored, "version = :read", {":read": case.version})
        return self._moved([put, *self._table.outbox(case.customer_id, events)])

    def waiting_cases(self) -> list[Case]:
        """See ``CaseStore``. One index query for the keys, one read a case."""
        found = []
        for key in self._table.work(WAITING_CASES):
            stored = self._table.get(key["pk"], key["sk"])
            if stored and stored["status"] == CaseStatus.WAITING:
                found.append(from_plain(Case, stored))
        return found

    def _moved(self, writes: Sequence[Any]) -> bool:
        try:
            self._table.transact(writes)
        except ConflictError:
            return False
        return True

    def _written(self, writes: Sequence[Any]) -> bool:
        try:
            self._table.write(writes)
        except ConflictError:
            return False
        return True


def _assessment(assessment: Assessment) -> dict[str, Any]:
    """The newest assessment, and its score once more in the place of its day: the place is taken again after
    ``HISTORY_DAYS``, so that the history never grows, and a day assessed twice has one score.
    """
    from dunwell_aws.assessment_details import pack_details  # as above

    stored = to_plain(assessment)
    asked = {name: stored.pop(name) for name in _ASKED}
    del stored["history"], stored["customer_id"]
    return asked | {"details": pack_details(stored)} | kept_score(assessment.past_score)


def kept_score(score: PastScore) -> dict[str, bytes]:
    """A day's score as it stands in the history: the place is the day's in its round, the number says which model,
    which round, and the score.

    Name and number are short, so that with all of the history an item is one write unit still.
    """
    turn, place = divmod(score.as_of.toordinal(), HISTORY_DAYS)
    number = (int(score.model or _NO_MODEL, 16) * _TURNS + turn % _TURNS) * _RISKS + score.risk_permille
    return {f"{place:02}": number.to_bytes(_SCORE_BYTES)}


def past_score(name: str, stored: bytes, as_of: date) -> PastScore:
    """A score of the history of an assessment of a day; one of after that day, or too old, is of any other day."""
    rest, risk_permille = divmod(int.from_bytes(stored), _RISKS)
    model, turn = divmod(rest, _TURNS)
    now = as_of.toordinal() // HISTORY_DAYS
    on = date.fromordinal((now - (now - turn) % _TURNS) * HISTORY_DAYS + int(name))
    return PastScore(on, risk_permille, "" if f"{model:02x}" == _NO_MODEL else f"{model:02x}")


def _contact(contact: Contact) -> dict[str, Any]:
    key = {"pk": partition(contact.customer_id), "sk": CONTACT + contact.contact_id}
    stored = key | to_plain(contact, defaults=False)
    stored["decisions"] = _packed(stored.get("decisions", []))
    if contact.status is ContactStatus.PLANNED and contact.send_after:
        place = waiting_place(contact.send_after, contact.contact_id)
        stored |= {"work_pk": waiting_shard(contact.customer_id), "work_sk": place}
    return stored


def contact_of(stored: Mapping[str, Any]) -> Contact:
    """The contact of an item of the table."""
    return from_plain(Contact, {**stored, "decisions": _opened(stored["decisions"])})


def _packed(plain_value: object) -> bytes:
    return packed(json.dumps(plain_value, ensure_ascii=False, separators=(",", ":")))


def _opened(stored: bytes) -> Any:
    return json.loads(unpacked(stored))


def _case(case: Case) -> dict[str, Any]:
    stored = {"pk": partition(case.customer_id), "sk": CASE + case.case_id} | to_plain(case)
    if case.status is CaseStatus.WAITING:
        stored |= {"work_pk": WAITING_CASES, "work_sk": f"{stored['waiting_since']}#{case.case_id}"}
    return stored
