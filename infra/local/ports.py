"""Ports on the loopback interface."""

import socket

LOOPBACK = "127.0.0.1"


def usual_or_free(usual: int, taken: frozenset[int] = frozenset()) -> int:
    """The usual port, or any free one when something listens there (or it is in `taken`)."""
    if usual not in taken and _can_bind(usual):
        return usual
    while (port := _any_free()) in taken:
        continue
    return port


def choose(usual: dict[str, int]) -> dict[str, int]:
    """A port for each name, all different: the usual one where it is free."""
    chosen: dict[str, int] = {}
    for name, port in usual.items():
        chosen[name] = usual_or_free(port, frozenset(chosen.values()))
    return chosen


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
