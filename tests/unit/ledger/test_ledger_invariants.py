"""Whatever happens to accounts, in memory: thousands of operations in random order, repeated, raced and killed."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.ledger_machine import LedgerMachine
from tests.support.stores import in_memory

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_any_mixture_of_facts_repeats_races_and_crashes_leaves_a_ledger_that_adds_up() -> None:
    machine = type("InMemory", (LedgerMachine,), {"make_store": staticmethod(in_memory)})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=100, stateful_step_count=40, suppress_health_check=SLOW)
    )
