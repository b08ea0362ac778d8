"""The one table kept in memory: the ledger's and the collection's ports with the adapters' own conditions.

``tests/adapters`` holds these fakes and DynamoDB to the same contract.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Lock
from zlib import crc32

from dunwell.accounts.model import Channel
from dunwell.accounts.shared import Word
from dunwell.errors import ConflictError, NotFoundError
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import Event
from dunwell.figures import Figure
from dunwell.ingestion.figures import contradicts, is_known
from dunwell.ingestion.known import Known
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS
from dunwell.ledger.update import followed
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.evidence import EvidenceFile
from dunwell.outreach.notices import Notice
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.switches import WINDOW_DAYS, Counts, Switch
from dunwell.outreach.tasks import Task
from dunwell.scoring.assessment import HISTORY_DAYS, Assessment, Basis
from dunwell_aws.message_index import Written, number_id


class InMemoryLedger:
    """``Ledger`` in a dict; the version is the condition of a write, and events are kept with it.

    ``before_commit`` is called with each change before it is judged: a test loses a race or dies there.
    """

    def __init__(self, *accounts: Account) -> None:
        self.accounts = {account.customer.customer_id: account for account in accounts}
        self.events: list[Event] = []
        self.before_commit: Callable[[Change], None] = lambda change: None
        self._lock = Lock()

    def load(self, customer_id: str) -> Account | None:
        return followed(self.accounts.get, customer_id)

    def commit(self, change: Change, *others: Change) -> Account:
        changes = (change, *others)
        for one in changes:
            self.before_commit(one)
        with self._lock:
            for one in changes:
                known = self.accounts.get(one.account.customer.customer_id)
                if (known.version if known else 0) != one.account.version:
                    raise ConflictError("the account was changed meanwhile")
            for one in changes:
                self.accounts[one.account.customer.customer_id] = one.applied()
                self.events.extend(one.events)
            return self.accounts[change.account.customer.customer_id]

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        mine = (i for i, a in self.accounts.items() if a.is_open and shard_of(i) == shard)
        return iter(sorted(i for i in mine if i > after))

    def agenda(self, shard: int, until: date) -> Iterator[str]:
        listed = [(a.next_look_on, i) for i, a in self.accounts.items() if a.next_look_on and shard_of(i) == shard]
        return iter([i for on, i in sorted(listed) if on <= until])


class InMemorySeries:
    """``SeriesStore`` in a list."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def series(self, name: str) -> list[Figure]:
        return [one for one in self.figures if one.name == name]

    def add(self, figures: Sequence[Figure]) -> None:
        for one in figures:
            if contradicts(one, self.figures):
                raise ConflictError("another value is there")
            if not is_known(one, self.figures):
                self.figures.append(one)


class InMemoryKnownFacts:
    """``KnownFacts`` in a dict; ``before_keep`` is called before each write: a test is overtaken or dies there."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Known] = {}
        self.loads = 0
        self.before_keep: Callable[[], None] = lambda: None
        self._lock = Lock()

    def load(self, source: str, customer_ids: Sequence[str]) -> dict[str, Known]:
        self.loads += 1
        return {one: self.stored[source, one] for one in customer_ids if (source, one) in self.stored}

    def keep(self, source: str, customer_id: str, known: Known) -> str | None:
        self.before_keep()
        with self._lock:
            now = self.stored.get((source, customer_id), Known())
            if now.token != known.token:
                return None
            token = str(int(now.token or 0) + 1)
            self.stored[source, customer_id] = Known.unpacked(token, known.packed())
            return token


def shard_of(customer_id: str) -> int:
    """The shard of the work list on which a customer's account stands while it is open."""
    return crc32(customer_id.encode()) % SHARDS


class InMemoryCollection:
    """``ContactStore``, ``TaskStore``, ``CaseStore`` and ``AssessmentStore`` in dicts, with events."""

    def __init__(self, *contacts: Contact) -> None:
        self.contacts = {contact.contact_id: contact for contact in contacts}
        self.stored: dict[str, Case] = {}
        self.tasks: dict[str, Task] = {}
        self.assessments: dict[str, Assessment] = {}
        self.events: list[Event] = []
        self._lock = Lock()

    # --- assessments ---

    def assess(self, assessments: Sequence[Assessment], today: date | None = None) -> list[str]:
        overtaken = []
        for new in assessments:
            known = self.assessments.get(new.customer_id)
            is_ahead = known is not None and today is not None and known.as_of > today
            if known and not is_ahead and (known.as_of, known.account_version) > (new.as_of, new.account_version):
                overtaken.append(new.customer_id)
                continue
            past = {one.as_of: one for one in (known.history if known else ())}
            past[new.as_of] = new.past_score
            kept = [past[day] for day in sorted(past) if 0 <= (new.as_of - day).days < HISTORY_DAYS]
            self.assessments[new.customer_id] = replace(new, history=tuple(kept))
        return overtaken

    def basis(self, customer_id: str) -> Basis | None:
        known = self.assessments.get(customer_id)
        return Basis(known.as_of, known.account_version) if known else None

    def assessment(self, customer_id: str) -> Assessment | None:
        return self.assessments.get(customer_id)

    # --- contacts ---

    def state(self, customer_id: str) -> CollectionState:
        mine = [contact for contact in self.contacts.values() if contact.customer_id == customer_id]
        score = self.assessments.get(customer_id)
        return CollectionState(
            contacts=tuple(sorted(mine, key=lambda contact: (contact.planned_on, contact.contact_id))),
            risk_permille=score.risk_permille if score else None,
            model_version=score.model_version if score else "",
            currencies_in_case=frozenset(case.currency for case in self.cases(customer_id) if not case.is_closed),
            segment=score.segment if score else "",
        )

    def done(self, customer_id: str) -> tuple[list[Contact], list[Case]]:
        return [one for one in self.contacts.values() if one.customer_id == customer_id], self.cases(customer_id)

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        with self._lock:
            if any(contact.contact_id in self.contacts for contact in contacts):
                return False
            self.contacts |= {contact.contact_id: contact for contact in contacts}
            if contacts or not {one.event_id for one in events} & {one.event_id for one in self.events}:
                self.events += events  # those of one place of the outbox are published once
            return True

    def contact(self, customer_id: str, contact_id: str) -> Contact | None:
        found = self.contacts.get(contact_id)
        return found if found and found.customer_id == customer_id else None

    def move(self, contact: Contact, was: ContactStatus, events: Sequence[Event] = ()) -> bool:
        with self._lock:
            known = self.contacts.get(contact.contact_id)
            if known is None or known.status is not was:
                return False
            self.contacts[contact.contact_id] = contact
            self.events += events
            return True

    def keep(self, contact: Contact, was: Contact, events: Sequence[Event] = ()) -> bool:
        with self._lock:
            known = self.contacts.get(contact.contact_id)
            if known is None or _heard_of(known) != _heard_of(was):
                return False
            self.contacts[contact.contact_id] = contact
            self.events += events
            return True

    def waiting(self, shard: int, until: datetime) -> Iterator[Contact]:
        mine = [one for one in self.contacts.values() if shard_of(one.customer_id) == shard]
        planned = [one for one in mine if one.status is ContactStatus.PLANNED]
        due = [(one.send_after, one) for one in planned if one.send_after and one.send_after <= until]
        return iter([one for _, one in sorted(due, key=lambda pair: pair[0])])

    # --- tasks ---

    def open_task(self, task: Task) -> bool:
        with self._lock:
            known = task.task_id in self.tasks
            self.tasks.setdefault(task.task_id, task)
            return not known

    def task(self, customer_id: str, task_id: str) -> Task | None:
        found = self.tasks.get(task_id)
        return found if found and found.customer_id == customer_id else None

    def finish_task(self, task: Task) -> bool:
        with self._lock:
            if self.tasks[task.task_id].is_done:
                return False
            self.tasks[task.task_id] = task
            return True

    def open_tasks(self, most: int) -> list[Task]:
        waiting = [task for task in self.tasks.values() if not task.is_done]
        return sorted(waiting, key=lambda task: (task.opened_at, task.task_id))[:most]

    # --- cases ---

    def open_case(self, case: Case, events: Sequence[Event]) -> Case:
        with self._lock:
            if case.case_id in self.stored:
                return self.stored[case.case_id]
            self.stored[case.case_id] = case
            self.events += events
            return case

    def case(self, customer_id: str, case_id: str) -> Case | None:
        found = self.stored.get(case_id)
        return found if found and found.customer_id == customer_id else None

    def cases(self, customer_id: str) -> list[Case]:
        return [case for case in self.stored.values() if case.customer_id == customer_id]

    def move_case(self, case: Case, events: Sequence[Event] = ()) -> bool:
        with self._lock:
            if self.stored[case.case_id].version != case.version:
                return False
            self.stored[case.case_id] = replace(case, version=case.version + 1)
            self.events += events
            return True

    def waiting_cases(self) -> list[Case]:
        waiting = [case for case in self.stored.values() if case.status is CaseStatus.WAITING]
        return sorted(waiting, key=lambda case: case.waiting_since or case.opened_at)


def _heard_of(contact: Contact) -> tuple[object, ...]:
    return contact.status, contact.opened_at, contact.clicked_at, contact.replied_at


class InMemoryNotices:
    """``NoticeStore`` in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, Notice] = {}

    def write_notice(self, notice: Notice) -> None:
        self.kept.setdefault(notice.notice_id, notice)

    def notices(self, customer_id: str) -> list[Notice]:
        mine = [notice for notice in self.kept.values() if notice.customer_id == customer_id]
        return sorted(mine, key=lambda notice: notice.written_at, reverse=True)

    def notice_seen(self, notice: Notice) -> bool:
        known = self.kept[notice.notice_id]
        if known.seen_at is not None:
            return False
        self.kept[notice.notice_id] = notice
        return True


class InMemorySwitches:
    """``SwitchStore``, ``Switches`` and ``CountStore`` in dicts."""

    def __init__(self) -> None:
        self.kept: dict[str, Switch] = {}
        self.counted: dict[tuple[Channel, int, date], Counts] = {}

    def switches(self) -> list[Switch]:
        return [self.kept[scope] for scope in sorted(self.kept)]

    def stopped(self) -> set[str]:
        return {switch.scope for switch in self.kept.values() if switch.is_stopped}

    def turn(self, switch: Switch) -> bool:
        known = self.kept.get(switch.scope)
        if (known.turns if known else 0) != switch.turns - 1:
            return False
        self.kept[switch.scope] = switch
        return True

    def add(self, channel: Channel, turns: int, at: datetime, counts: Counts) -> None:
        key = channel, turns, at.date()
        self.counted[key] = self.counted.get(key, Counts()) + counts

    def total(self, channel: Channel, turns: int, at: datetime) -> Counts:
        first = at.date() - timedelta(days=WINDOW_DAYS - 1)
        days = [one for key, one in self.counted.items() if key[:2] == (channel, turns) and key[2] >= first]
        return sum(days, Counts())


class InMemoryEvidence:
    """``EvidenceStore`` in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], bytes] = {}

    def keep(self, customer_id: str, task_id: str, file: EvidenceFile, content: bytes) -> None:
        self.kept[customer_id, task_id, file.digest] = content

    def content(self, customer_id: str, task_id: str, file: EvidenceFile) -> bytes:
        try:
            return self.kept[customer_id, task_id, file.digest]
        except KeyError:
            raise NotFoundError("not kept") from None


class InMemoryMessageIndex:
    """``dunwell_aws.message_index`` in dicts."""

    def __init__(self) -> None:
        self.messages: dict[str, Written] = {}
        self.noted: dict[str, set[str]] = {}
        self.said: dict[str, dict[tuple[Channel, str], Word]] = {}

    def note_customer(self, where: str, customer_id: str) -> list[Word]:
        self.noted.setdefault(where, set()).add(customer_id)
        return list(self.said.get(where, {}).values())

    def note_word(self, where: str, word: Word) -> list[str]:
        known = self.said.setdefault(where, {})
        topic = word.channel, word.said.topic
        if topic not in known or known[topic].order < word.order:
            known[topic] = word
        return self.customers(where)

    def note_message(self, message_id: str, number: str, customer_id: str, contact_id: str) -> None:
        self.messages[message_id] = Written(customer_id, contact_id, number_id(number))

    def written(self, message_id: str) -> Written | None:
        return self.messages.get(message_id)

    def customers(self, where: str) -> list[str]:
        return sorted(self.noted.get(where, ()))
