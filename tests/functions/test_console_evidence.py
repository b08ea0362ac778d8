"""The files of a dispute on the console: listed with their task, handed out to agents alone."""

import pytest

from dunwell.outreach.evidence import read_evidence
from dunwell.outreach.requests import request_task
from dunwell.outreach.tasks import Task
from tests.support.console import Browser, World, sign_in, text
from tests.support.escalation import NOW

PDF = b"%PDF-1.7 \x00\xff"


@pytest.fixture
def task(world: World) -> Task:
    files = read_evidence([('no"te; <b>.pdf', PDF)])
    made = request_task("cus_1", "dispute", "k", "It never came.", NOW, ("inv_F-1",), files)
    for file, content in files.items():
        world.evidence.keep("cus_1", made.task_id, file, content)
    world.cases.open_task(made)
    return made


def path(task: Task, customer_id: str = "cus_1", task_id: str = "", digest: str = "") -> str:
    return f"/tasks/{customer_id}/{task_id or task.task_id}/files/{digest or task.files[0].digest}"


def test_a_task_lists_its_files_and_says_that_they_are_not_checked(browser: Browser, task: Task) -> None:
    sign_in(browser)
    page = text(browser.get(f"/tasks/cus_1/{task.task_id}"))
    assert f'{path(task)}">no&#34;te; &lt;b&gt;.pdf</a>' in page
    assert "not checked for viruses" in page


def test_an_agent_saves_a_file_as_it_was_sent_and_no_browser_shows_it(browser: Browser, task: Task) -> None:
    sign_in(browser)
    answer = browser.get(path(task), Accept="text/html,*/*;q=0.8")
    assert (answer.status_code, answer.body) == (200, PDF)
    assert {name: answer.headers[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")} == {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="no-te-b-.pdf"',
        "Cache-Control": "no-store",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_without_signing_in_there_is_no_file(browser: Browser, task: Task) -> None:
    answer = browser.get(path(task))
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/sign-in")


def test_a_file_is_found_by_its_own_task_and_customer_only(world: World, browser: Browser, task: Task) -> None:
    sign_in(browser)
    other = request_task("cus_2", "dispute", "k", "Neither did mine.", NOW)
    world.cases.open_task(other)
    for wrong in (
        path(task, customer_id="cus_2"),
        path(task, customer_id="cus_2", task_id=other.task_id),
        path(task, task_id="tsk_none"),
        path(task, digest="0" * 64),
    ):
        assert browser.get(wrong).status_code == 404, wrong


def test_a_file_that_is_not_kept_any_more_is_missed_in_words(world: World, browser: Browser, task: Task) -> None:
    sign_in(browser)
    world.evidence.kept.clear()
    assert browser.get(path(task)).status_code == 404
