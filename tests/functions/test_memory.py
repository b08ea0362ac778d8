"""A worker's memory does not grow with the file."""

import pytest

from tests.bench.large_file import DIRTY_EVERY, measure

GROWTH_MB = 24
LIMIT_MB = 512
"""Of the functions; the whole of a 1 GB file is read within it by `make bench-large`."""


@pytest.mark.slow
def test_six_times_the_file_takes_no_more_memory_and_loses_no_row() -> None:
    small, large = measure(8), measure(48)
    assert large["ranges"] > small["ranges"] == 1
    for found in (small, large):
        assert found["rows"] == found["rows_made"]
        assert found["rejected"] == found["rejects_written"] == found["rows_made"] // DIRTY_EVERY
    assert large["peak_mb"] < small["peak_mb"] + GROWTH_MB
    assert large["peak_mb"] < LIMIT_MB
