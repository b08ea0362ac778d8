"""States, provinces and countries as address books hold them."""

import pytest

from dunwell.ingestion.regions import region_code
from dunwell.ingestion.values import RefusedValueError
from dunwell.ingestion.values import country as country_of


@pytest.mark.parametrize(
    ("written", "country", "code"),
    [
        ("Massachusetts", "US", "MA"),
        ("NEW  YORK", "US", "NY"),
        ("D.C.", "US", "DC"),
        ("ma", "US", "MA"),
        ("Québec", "CA", "QC"),
        ("British Columbia", "CA", "BC"),
        ("Ontario", "US", "ONTARIO"),
        ("BAYERN", "DE", "BAYERN"),
        ("", "US", ""),
    ],
)
def test_a_state_or_province_is_read_by_its_name_in_its_country(written: str, country: str, code: str) -> None:
    assert region_code(written, country) == code


def test_a_code_of_no_country_is_refused_and_an_empty_cell_is_not() -> None:
    assert [country_of(text) for text in ("us", "DE", "")] == ["US", "DE", ""]
    with pytest.raises(RefusedValueError, match="stands for no country"):
        country_of("ZZ")
