"""`python -m infra.local.ses_sandbox`: run the sandbox until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from infra.local.ses_sandbox.server import SesSandbox


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    options = _options(arguments)
    try:
        sandbox = SesSandbox(options.port, options.events_endpoint, options.verified)
    except OSError as error:
        print(
            f"Cannot listen on 127.0.0.1:{options.port}: {error.strerror}. Choose another --port.",
            file=sys.stderr,
        )
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with sandbox:
        print(f"SES sandbox and mailbox at {sandbox.url}", flush=True)
        stop.wait()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.ses_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4692, help="port on 127.0.0.1; 0 takes a free one (%(default)s)")
    parser.add_argument("--events-endpoint", metavar="URL", help="the local AWS: events go there, SMS come from there")
    parser.add_argument(
        "--verified",
        nargs="*",
        default=[],
        metavar="IDENTITY",
        help="e-mail addresses and domains that may send",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
