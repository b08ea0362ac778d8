"""`python -m infra.local.stripe_sandbox --port 4691`: serve until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from .server import StripeSandbox


def main() -> int:
    """Parse the command line, serve, and stop cleanly on SIGTERM or Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description="A local Stripe; no money moves.")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to bind (default: 127.0.0.1)")
    parser.add_argument("--seed", type=int, help="make ids the same on every run")
    options = parser.parse_args()
    try:
        server = StripeSandbox(options.port, options.host, seed=options.seed)
    except (OSError, ValueError, OverflowError) as error:
        print(f"The Stripe sandbox cannot start: {error}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(f"Stripe sandbox ready on {server.url}", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
