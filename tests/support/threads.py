"""How many threads share the sums of linear algebra: what is learned may not depend on it."""

from contextlib import AbstractContextManager
from importlib import import_module


def threads(count: int) -> AbstractContextManager[object]:
    """Within it at most so many."""
    limited: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(count)
    return limited
