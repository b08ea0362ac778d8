"""What each function may do on AWS: what its code calls, and nothing more.

The table is written by hand from the adapters that a function uses; each entry says what it is for. DynamoDB asks for
PutItem, UpdateItem and DeleteItem also inside a transaction.
"""

from typing import Any

import pytest

from tests.support.template import functions

LOAD = {"dynamodb:Query LedgerTable": "reads an account, or what was planned and opened for it"}
WRITE = {"dynamodb:PutItem LedgerTable": "writes entries with their events"}
READ_ONE = {"dynamodb:GetItem LedgerTable": "reads one case, contact, score or order"}
KNOWN = {"dynamodb:BatchGetItem LedgerTable": "looks which rows are known"}
POINT = {"dynamodb:UpdateItem LedgerTable": "adds to pointers of the remittance index, counts a payer's account"}
READ_SOME = {"dynamodb:BatchGetItem LedgerTable": "reads bank lines and pointers by the hundred"}
WORK = {"dynamodb:Query LedgerTable/index/work": "goes through a work list"}
URLS = {"ssm:GetParameter urls": "writes links"}
MAIL = {
    f"ses:{action} {resource}": reason
    for resource in ("SenderDomain", "MailConfiguration")
    for action, reason in (
        ("SendEmail", "sends mail"),
        ("SendRawEmail", "the same mail to the same end: it carries headers of its own (List-Unsubscribe)"),
    )
}
SECRET = {"secretsmanager:GetSecretValue StripeSecret": "speaks with Stripe, or checks its signature"}
RESUME = "resumes an execution that waits"

NEEDED: dict[str, dict[str, str]] = {
    "PublishChanges": {
        "events:PutEvents EventBus": "publishes",
        "sqs:SendMessage PublishChangesDeadLetters": "Lambda puts there, with this role, what could not be published",
    },
    "IngestUpload": LOAD
    | WRITE
    | KNOWN
    | POINT
    | {
        "s3:GetObject IngestBucket/uploads/*": "reads the file",
        "s3:GetObject IngestBucket/runs/*": "looks whether the content was imported before, and takes its rejects over",
        "s3:PutObject IngestBucket/runs/*": "remembers a content and its rejects",
        "s3:PutObject IngestBucket/results/*": "writes the run record and the rejects",
        "s3:ListBucket IngestBucket": "is told that a file is gone, and not that it is forbidden",
        "states:StartExecution IngestFile": "hands a large file over",
    },
    "ImportFile": LOAD
    | WRITE
    | KNOWN
    | POINT
    | {
        "s3:GetObject IngestBucket/uploads/*": "reads the file, and ranges of it",
        "s3:GetObject IngestBucket/runs/*": "looks whether the content was imported before, and takes its rejects over",
        "s3:GetObject IngestBucket/parts/*": "reads what ranges came to",
        "s3:PutObject IngestBucket/runs/*": "remembers a content and its rejects",
        "s3:PutObject IngestBucket/parts/*": "keeps what a range came to",
        "s3:PutObject IngestBucket/results/*": "writes the run record and the rejects",
        "s3:ListBucket IngestBucket": "is told that a range is not done, and not that it is forbidden",
    },
    "PostCharges": LOAD | WRITE | WORK,
    "ScorePortfolio": LOAD
    | WORK
    | {
        "dynamodb:UpdateItem LedgerTable": "keeps a customer's score, and its past ones beside it",
        "s3:PutObject ReportsBucket/models/late_payment/log/*": "keeps the model's answers, to hold it to them",
    },
    "ScoreAccount": LOAD
    | READ_ONE
    | {"dynamodb:UpdateItem LedgerTable": "keeps a customer's score, and its past ones beside it"},
    "MatchRemittance": LOAD
    | READ_ONE
    | READ_SOME
    | WRITE
    | POINT
    | {
        "s3:GetObject IngestBucket/uploads/bank/*": "reads the bank's file",
        "s3:PutObject IngestBucket/results/bank/*": "writes the run record, the rejects and what became of the lines",
        "s3:ListBucket IngestBucket": "is told that a file is gone, and not that it is forbidden",
        "sqs:SendMessage CashQueue": "goes on with a long file in another run",
    },
    "PlanOutreach": LOAD
    | WRITE
    | WORK
    | {
        "s3:PutObject DecisionsBucket/plan/*": "keeps decisions before anything follows from them",
        "s3:GetObject DecisionsBucket/plan/*": "reads what an earlier try of a page decided",
    },
    "ReleaseContacts": READ_ONE | WRITE | WORK,
    "CollectInstalments": LOAD
    | READ_ONE
    | WRITE
    | WORK
    | SECRET
    | {"sqs:SendMessage DebitsQueue": "spreads the agenda over runs of its own"},
    "DispatchMessage": LOAD
    | WRITE
    | URLS
    | MAIL
    | {
        "dynamodb:PutItem AccessTable": "issues the links of a message",
        "ses:GetAccount *": "keeps to the account's sending rate; the quota has no resource",
        "sns:Publish (no topic)": "sends text messages",
        "s3:PutObject DecisionsBucket/dispatch/*": "keeps the decision before it sends",
        "sms-voice:SendTextMessage *": "sends text messages from a number of the account's own",
        "social-messaging:SendWhatsAppMessage *": "sends WhatsApp messages",
        "s3:PutObject LettersBucket/letters/*": "writes letters for the print service",
    },
    "RecordDelivery": LOAD
    | READ_ONE
    | WRITE
    | {"dynamodb:UpdateItem LedgerTable": "counts what came back, for the breakers"},
    "CloseLetters": {
        "s3:ListBucket LettersBucket": "finds the letters, and is told that a manifest is not there",
        "s3:GetObject LettersBucket/manifests/*": "reads which letters are listed already",
        "s3:PutObject LettersBucket/manifests/*": "writes the manifest",
    },
    "Portal": LOAD
    | READ_ONE
    | WRITE
    | URLS
    | MAIL
    | SECRET
    | {
        "dynamodb:GetItem AccessTable": "reads links, codes and sessions",
        "dynamodb:PutItem AccessTable": "adds codes and sessions, counts tries",
        "dynamodb:UpdateItem AccessTable": "uses a code up, notes that a session was seen",
        "dynamodb:DeleteItem AccessTable": "ends a session, forgets tries",
        "sns:Publish (no topic)": "sends codes by text message",
        "sms-voice:SendTextMessage *": "sends codes from a number of the account's own",
        "s3:PutObject EvidenceBucket/evidence/*": "keeps what a customer adds to a dispute",
    },
    "StripeWebhook": LOAD
    | READ_ONE
    | WRITE
    | SECRET
    | {
        "dynamodb:UpdateItem LedgerTable": "notes what a payout carries",
        "s3:PutObject GatewayEventsBucket/stripe/*": "keeps a report before anything is done with it",
    },
    "ReconcileGateway": LOAD
    | READ_ONE
    | WRITE
    | SECRET
    | {
        "dynamodb:UpdateItem LedgerTable": "notes what a payout carries",
        "s3:GetObject GatewayEventsBucket/stripe/*": "replays a report",
        "s3:ListBucket GatewayEventsBucket": "is told that a report is gone, and not that it is forbidden",
        "s3:PutObject ReportsBucket/gateway/*": "writes the report",
    },
    "SyncSource": LOAD | READ_ONE | WRITE | KNOWN | POINT | SECRET,
    "EscalationTask": LOAD | READ_ONE | WRITE | {"states:SendTaskSuccess Escalation-*": RESUME},
    "ResumeCase": LOAD
    | READ_ONE
    | WRITE
    | {
        "s3:PutObject DecisionsBucket/thanks/*": "keeps the decision before it thanks",
        "states:SendTaskSuccess Escalation": RESUME,
    },
    "Announce": LOAD
    | READ_ONE
    | WRITE
    | {"s3:PutObject DecisionsBucket/announce/*": "keeps the decision before it announces"},
    "MonitorModels": LOAD
    | {
        "s3:GetObject ReportsBucket/models/late_payment/log/*": "reads the model's answers",
        "s3:GetObject ReportsBucket/models/late_payment/reference/*": "reads what its first weeks were like",
        "s3:ListBucket ReportsBucket": "finds them",
        "s3:PutObject ReportsBucket/models/late_payment/*": "writes the report",
    },
    "Console": LOAD
    | READ_ONE
    | READ_SOME
    | WRITE
    | POINT
    | WORK
    | URLS
    | {
        "states:SendTaskSuccess Escalation": RESUME,
        "s3:GetObject EvidenceBucket/evidence/*": "hands an agent what a customer added to a dispute",
        "s3:PutObject DecisionsBucket/dispatch/*": "keeps what the contact rules said of an agent's call about a case",
    },
    "BuildReports": LOAD
    | WORK
    | {
        "s3:PutObject ReportsBucket/ageing/*": "writes the report",
        "s3:PutObject ReportsBucket/unmatched/*": "writes what belongs to nobody yet",
    },
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def short(resource: Any) -> str:
    """A resource in few words: the logical id with what follows it, or the last part of an ARN that is written out."""
    if resource == "*":
        return "*"
    if "Fn::If" in resource:
        condition, on_aws, _ = resource["Fn::If"]
        assert condition == "NotLocal", "the local stack alone may differ"
        return short(on_aws)
    if "Ref" in resource:
        return str(resource["Ref"])
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    text = str(resource["Fn::Sub"])
    if ".Arn}" in text:
        return text.replace("${", "").replace(".Arn}", "")
    return text.split(":")[-1].split("/")[-1].strip("${}")


def permitted(name: str) -> list[str]:
    found = []
    for policy in functions()[name]["Properties"].get("Policies", []):
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            if "NotResource" in statement:
                assert statement["NotResource"]["Fn::Sub"].endswith(":sns:*:*:*")
            resources = (
                [short(one) for one in as_list(statement["Resource"])] if "Resource" in statement else ["(no topic)"]
            )
            found += [f"{action} {resource}" for action in as_list(statement["Action"]) for resource in resources]
    return found


def test_every_function_is_in_the_table() -> None:
    assert sorted(NEEDED) == sorted(functions())


@pytest.mark.parametrize("name", functions())
def test_a_function_may_do_what_it_needs_and_nothing_more(name: str) -> None:
    assert sorted(permitted(name)) == sorted(NEEDED[name])


def test_nobody_scans_a_table_or_changes_the_infrastructure() -> None:
    every = {one.split()[0] for name in functions() for one in permitted(name)}
    assert not {
        action for action in every if action.split(":")[1].startswith(("Scan", "Create", "Update", "Delete"))
    } - {
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    }
    assert not any("*" in action for action in every)
