"""The page for operators lists what each hold pauses as the code's table has it."""

from dunwell.hold_kinds import TABLE, Activity
from tests.support.template import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"


def page_table() -> str:
    """The code's table as Markdown."""
    head = ["hold", "rule", *Activity]
    rows = [
        [f"`{row.kind}`", f"`{row.rule}`", *("x" if activity in row.pauses else "" for activity in Activity)]
        for row in TABLE
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def test_the_page_on_holds_is_the_table_of_the_code() -> None:
    assert page_table() in OPERATIONS.read_text(encoding="utf-8"), f"Put this into {OPERATIONS.name}:\n{page_table()}"
