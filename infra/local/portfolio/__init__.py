"""A made-up receivables portfolio: who owes, what was invoiced, when it was paid.

`generate` gives the rows of Dunwell's own receivables CSV template; `python -m infra.local.portfolio`
writes them. The same arguments always give the same rows, on every machine.
"""

from infra.local.portfolio.generate import COLUMNS, generate, habit_of_customer
from infra.local.portfolio.habits import HABITS, Habit

__all__ = ["COLUMNS", "HABITS", "Habit", "generate", "habit_of_customer"]
