"""What each kind of hold pauses: every cell, against expectations written down apart from the table.

The rule table stops (Y) or pauses until somebody has looked (P); both are a pause here. ``-`` is no effect.
"""

import os
import re
from pathlib import Path

import pytest

from dunwell.compliance.catalogue import HOLDS
from dunwell.compliance.holds import CeaseBars, HoldBars
from dunwell.hold_kinds import OF_THE_PERSON, PAUSING, RULE_OF, TABLE, Activity, HoldKind, kinds_of
from tests.support.template import ROOT

SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
RULE_TABLE = SHARED / "compliance.md"

RULE_TABLE_SAYS = """
kind                  calls texts e-mail letters asks debit charges hand-off
bankruptcy            Y     Y     Y      Y       Y    Y     Y       Y
chapter_13_codebtor   Y     Y     Y      Y       Y    Y     -       Y
discharged            Y     Y     Y      Y       Y    Y     Y       Y
deceased              Y     Y     Y      Y       Y    Y     P       P
attorney              Y     Y     Y      Y       Y    P     -       -
cease                 Y     Y     Y      Y       Y    -     -       -
dispute_written       Y     Y     Y      Y       Y    Y     P       Y
dispute_oral          P     P     P      P       P    P     P       P
dispute_late          P     P     P      P       P    P     P       P
identity_theft        Y     Y     Y      Y       Y    Y     Y       Y
scra_active_duty      -     -     -      -       -    -     P       -
breathing_space       Y     Y     Y      Y       Y    P     Y       Y
mental_health_crisis  Y     Y     Y      Y       Y    P     Y       Y
vulnerable            P     P     P      P       Y    P     P       Y
minor                 Y     Y     Y      Y       Y    Y     P       Y
time_barred           -     -     -      -       -    -     -       -
disaster              P     P     P      P       P    P     P       P
complaint             P     P     P      P       P    P     P       P
litigation_hold       P     P     P      P       P    P     P       P
paid_or_settled       Y     Y     Y      Y       Y    Y     Y       Y
email_suppressed      -     -     Y      -       -    -     -       -
number_reassigned     Y     Y     -      -       -    -     -       -
reply_unread          -     Y     -      -       -    -     -       -
"""
WE_SAY = """
kind                  takes agrees alone past
bankruptcy            Y     Y      Y     -
chapter_13_codebtor   Y     Y      Y     -
discharged            Y     Y      Y     -
deceased              Y     Y      Y     -
attorney              -     -      Y     -
cease                 -     -      -     -
dispute_written       -     Y      Y     -
dispute_oral          -     -      Y     -
dispute_late          -     -      Y     -
identity_theft        Y     Y      Y     -
scra_active_duty      -     -      Y     Y
breathing_space       Y     Y      Y     -
mental_health_crisis  Y     Y      Y     -
vulnerable            -     -      Y     -
minor                 Y     Y      Y     -
time_barred           -     -      -     -
disaster              -     -      Y     -
complaint             -     -      Y     -
litigation_hold       -     -      Y     -
paid_or_settled       -     Y      Y     -
email_suppressed      -     -      -     -
number_reassigned     -     -      -     -
reply_unread          -     -      -     -
"""
COLUMNS = {
    "calls": Activity.CALL,
    "texts": Activity.TEXT,
    "e-mail": Activity.EMAIL,
    "letters": Activity.LETTER,
    "asks": Activity.ASK_TO_PAY,
    "debit": Activity.DEBIT,
    "charges": Activity.CHARGE,
    "hand-off": Activity.HAND_OFF,
    "takes": Activity.TAKE_PAYMENT,
    "agrees": Activity.AGREE,
    "alone": Activity.AGREE_ALONE,
    "past": Activity.PAST_CHARGES,
}
Cell = tuple[str, Activity, str]


def cells(text: str) -> list[Cell]:
    """Kind, activity and what is expected, of every cell of a table above."""
    head, *rows = (line.split() for line in text.strip().splitlines())
    return [(kind, COLUMNS[name], said) for kind, *row in rows for name, said in zip(head[1:], row, strict=True)]


EXPECTED = cells(RULE_TABLE_SAYS) + cells(WE_SAY)


@pytest.mark.parametrize(("kind", "activity", "said"), EXPECTED)
def test_a_hold_pauses_what_is_expected(kind: str, activity: Activity, said: str) -> None:
    assert (kind in PAUSING[activity]) == (said in "YP")


def test_every_cell_has_an_expectation_and_every_kind_one_row() -> None:
    assert {(kind, activity) for kind, activity, _ in EXPECTED} == {(k, a) for k in HoldKind for a in Activity}
    assert sorted(row.kind for row in TABLE) == sorted(HoldKind)


def test_death_and_age_are_of_the_person_and_nothing_else_is() -> None:
    assert {"deceased", "minor"} == OF_THE_PERSON


# --- the rules that ask it ---


def barred(test: object) -> frozenset[HoldKind]:
    """The kinds of holds under which a contact rule refuses."""
    assert isinstance(test, (HoldBars, CeaseBars))
    return test.bars.kinds if isinstance(test, CeaseBars) else test.kinds


def test_a_contact_rule_refuses_under_exactly_the_holds_that_pause_contact() -> None:
    refused = frozenset().union(*(barred(rule.test) for rule in HOLDS if rule.id != "UK-BARRED"))  # one country's own
    contact = (Activity.CALL, Activity.TEXT, Activity.EMAIL, Activity.LETTER)
    assert refused == frozenset().union(*(PAUSING[one] for one in contact))


def test_the_rule_that_the_table_names_is_a_contact_rule_under_that_hold() -> None:
    by_id = {rule.id: barred(rule.test) for rule in HOLDS}
    without = {kind for kind, rule in RULE_OF.items() if kind not in by_id.get(rule, ())}
    assert without == {"scra_active_duty", "time_barred"}  # they leave contact alone


def test_a_rule_that_the_table_does_not_know_is_a_mistake() -> None:
    assert kinds_of("UK-BREATHING", "UK-CRISIS") == {"breathing_space", "mental_health_crisis"}
    with pytest.raises(KeyError, match="HOLD-UP"):
        kinds_of("HOLD-BK", "HOLD-UP")


# --- the rule table itself, where it is at hand ---

ROWS = {
    "HOLD-BK": ["bankruptcy"],
    "Chapter 13 co-debtor": ["chapter_13_codebtor"],
    "Discharged": ["discharged"],
    "HOLD-DECEASED": ["deceased"],
    "HOLD-ATTY": ["attorney"],
    "HOLD-CEASE": ["cease"],
    "HOLD-DISPUTE": ["dispute_written"],
    "Oral / late dispute": ["dispute_oral", "dispute_late"],
    "HOLD-IDT": ["identity_theft"],
    "HOLD-SCRA": ["scra_active_duty"],
    "UK-BREATHING": ["breathing_space", "mental_health_crisis"],
    "Vulnerable / hardship": ["vulnerable"],
    "Minor": ["minor"],
    "TIME-BARRED": ["time_barred"],
    "Natural disaster / complaint open / litigation hold": ["disaster", "complaint", "litigation_hold"],
    "Paid in full / settled": ["paid_or_settled"],
}
RULE_COLUMNS = {
    1: (Activity.CALL, Activity.TEXT, Activity.EMAIL),
    2: (Activity.LETTER,),
    3: (Activity.ASK_TO_PAY,),
    4: (Activity.DEBIT,),
    5: (Activity.CHARGE,),
    7: (Activity.HAND_OFF,),
}
IN_WORDS = {
    "**cap 6%": True,  # nothing is charged until a person has seen to the cap
    "default judgment": False,  # limits a court's judgment, not our own people
    "**no suit": False,  # our own people may still talk of it; the content rules ask for the disclosure
    "receipt only": True,
    "allowed": False,
}


def stops(cell: str) -> bool:
    """Whether a cell of the rule table stops or pauses: a Y or a P, or what its words mean."""
    said = next((means for words, means in IN_WORDS.items() if cell.startswith(words)), None)
    return bool(re.search(r"\b[YP]\b", cell)) if said is None else said


def rule_table() -> str:
    if not RULE_TABLE.exists():
        pytest.skip(f"The rule table is not at {RULE_TABLE}: DUNWELL_SHARED says where.")
    return RULE_TABLE.read_text(encoding="utf-8")


def test_the_rule_on_keywords_holds_text_messages_until_a_person_has_read_what_is_none() -> None:
    (rule,) = [line for line in rule_table().splitlines() if line.startswith("| KEYWORDS | US | SMS |")]
    assert "route to human, hold sends meanwhile" in rule
    assert PAUSING[Activity.TEXT] >= kinds_of("KEYWORDS") == {"reply_unread"}


def test_the_rule_table_says_the_same() -> None:
    section = rule_table().partition("## 7. Holds")[2].partition("## 8.")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    named = {name: row for row in rows for name in ROWS if row[0].strip("`").startswith(name)}
    assert (len(rows), set(named)) == (len(ROWS), set(ROWS))
    told = {
        (kind, activity): stops(row[column])
        for name, row in named.items()
        for kind in ROWS[name]
        for column, activities in RULE_COLUMNS.items()
        for activity in activities
    }
    assert told == {key: key[0] in PAUSING[key[1]] for key in told}
