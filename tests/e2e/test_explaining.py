"""Why a customer was contacted: ``dunwell-cli explain`` finds it on the deployed stack, and decides it again."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from dunwell.outreach.contact import Contact
from infra.local.stack import REGION, STACK_NAME
from tests.support.debtors import ROOT, TODAY, new_number, row
from tests.support.deployment import Deployment


@dataclass
class Explained:
    """A contact that the daily cycle planned and dispatch sent, and the command line beside it."""

    deployed: Deployment
    contact: Contact

    def explain(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command as an operator does: the stack's address and credentials come from the environment."""
        stack = self.deployed.stack
        packages = os.pathsep.join(str(ROOT / one) for one in (".", "layers/core", "layers/aws"))
        found = {"AWS_ENDPOINT_URL": stack.endpoint, "AWS_DEFAULT_REGION": REGION, "PYTHONPATH": packages}
        command = [sys.executable, "-m", "infra.cli", "explain", "--stack", STACK_NAME, *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | stack.credentials | found,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def explained(deployed: Deployment) -> Explained:
    number = new_number()
    deployed.owe(row(number, overdue_days=25))
    deployed.daily_cycle()
    (planned,) = deployed.contacts(number)
    return Explained(deployed, deployed.settled(planned, "delivered"))


def test_the_decisions_that_a_contact_names_are_found_told_and_decided_again_the_same(explained: Explained) -> None:
    ids = [decision.decision_id for decision in explained.contact.decisions]
    assert [one.partition(":")[0] for one in ids] == ["plan", "dispatch"]
    for decision_id, said in zip(ids, ("a message was planned", "was cleared for sending"), strict=True):
        ran = explained.explain(decision_id)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert f"Decision {decision_id}" in ran.stdout
        assert said in ran.stdout
        assert "Permitted:" in ran.stdout
        assert ": the same." in ran.stdout


def test_a_customers_day_is_told_whole(explained: Explained) -> None:
    ran = explained.explain("--customer", explained.contact.customer_id, "--on", TODAY.isoformat())
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for decision in explained.contact.decisions:
        assert f"Decision {decision.decision_id}" in ran.stdout
    assert ran.stdout.count(": the same.") == len(explained.contact.decisions)


def test_an_id_whose_record_is_another_is_said_to_be_changed(explained: Explained) -> None:
    decision_id = explained.contact.decisions[0].decision_id
    ran = explained.explain(decision_id[:-4] + "0000")
    assert ran.returncode == 1
    assert "CHANGED" in ran.stdout
