"""The portal's handler over the local store: how long a page and an answer of the API take, and what they ask for."""

import time
from statistics import median
from typing import Any

from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.table import Table
from functions.portal import app as portal_app
from tests.bench.measure import Entry, Result, Skipped, Spread
from tests.support.emulator import running_emulator
from tests.support.invocation import lambda_context
from tests.support.portal_store import StoredPortal

REQUESTS = 200
P50_MS, P99_MS, ROUND_TRIPS = 15.0, 60.0, 3
PATHS = {"page_account": "/account", "api_account": "/api/v1/account", "api_invoices": "/api/v1/invoices"}


def bench() -> list[Result]:
    """The account page, and two answers of the API, each beside its bare reads."""
    try:
        with running_emulator() as emulator:
            world = StoredPortal(emulator.client("dynamodb"))
            return [_measured(world, name, path) for name, path in PATHS.items()]
    except FileNotFoundError as gap:
        return [Skipped("portal", str(gap))]
    finally:
        portal_app.use(None)


def _measured(world: StoredPortal, name: str, path: str) -> Entry:
    token = world.signed_in().cookies["dunwell_session"]
    event, context = _event(path, token), lambda_context()
    assert portal_app.handler(event, context)["statusCode"] == 200
    world.meter.reset()
    taken, bare = [], []
    for _ in range(REQUESTS):
        taken.append(_ms(lambda: portal_app.handler(event, context)))
    asked = world.meter.each(REQUESTS)
    for _ in range(REQUESTS):
        bare.append(_ms(lambda: _reads(world, token)))
    p50, p99 = median(taken), sorted(taken)[int(len(taken) * 0.99) - 1]
    flags = [f"p50 above {P50_MS} ms"] if p50 > P50_MS else []
    flags += [f"p99 above {P99_MS} ms"] if p99 > P99_MS else []
    flags += [f"more than {ROUND_TRIPS} round trips"] if asked["round_trips"] > ROUND_TRIPS else []
    return Entry(
        name=f"portal_{name}",
        what=f"a request of {path} through the handler: routing, session, account, answer; one thread, the local store",
        unit="ms",
        ours=Spread(p50, min(taken), p99, REQUESTS),
        alternative="two of its reads alone, the session and the account, as they come from the store",
        plain=Spread(median(bare), min(bare), max(bare), REQUESTS),
        cost=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {asked['round_trips']:.1f} round trips",
        flags=tuple(flags),
        usage=asked | {"ms": p50},
    )


def _reads(world: StoredPortal, token: str) -> None:
    from dunwell.accounts.access import fingerprint

    store = world.portal.store
    assert isinstance(store, DynamoAccessStore)
    store.session(fingerprint(token))
    table: Table = store._table
    table.client.query(
        TableName="ledger",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": "CUS#cus_anna"}, ":sk": {"S": "LEDGER#"}},
        ConsistentRead=True,
    )


def _ms(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _event(path: str, token: str) -> dict[str, Any]:
    """A proxy event as API Gateway makes it."""
    headers = {"cookie": f"dunwell_session={token}", "authorization": f"Bearer {token}", "accept": "text/html"}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {"resourcePath": "/{proxy+}", "httpMethod": "GET", "path": f"/v1{path}", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
