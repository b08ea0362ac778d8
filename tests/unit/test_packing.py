"""Packed facts: they come back as they were, and what is stored stays readable."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.packing import packed, unpacked

FACTS = (
    '{"invoices":[{"invoice_id":"inv_nnkhq7cjf3uiuceq5cya3bsn","number":"INV-10344-0003","currency":"USD",'
    '"amount_minor":21968,"issued_on":"2024-09-22","due_on":"2024-10-22"}],"entries":[{"entry_id":'
    '"pay_qemngvz4nrtwitr26ffobiwv","kind":"settlement","currency":"USD","amount_minor":21968,"on":"2024-10-17",'
    '"method":"imported","reference":"INV-10344-0003","directed_to":[{"invoice_id":"inv_nnkhq7cjf3uiuceq5cya3bsn",'
    '"amount_minor":21968}],"reason":"settled","told":1}]}'
)


@given(st.text())
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert unpacked(plain(item({"facts": packed(text)}))["facts"]) == text.encode()


def test_one_invoice_with_its_settlement_takes_half_the_room() -> None:
    assert len(packed(FACTS)) < len(FACTS) / 2


def test_what_was_written_before_is_read_today() -> None:
    """Fails when the words change: then everything that is stored has to be written anew."""
    assert unpacked(bytes.fromhex("78f99330ff624309f2d85a002d1d058f")) == b'{"invoices":[]}'


@pytest.mark.parametrize("damaged", [packed(FACTS)[:-1], packed(FACTS)[:9], zlib.compress(b"{}")[:-2], b"{}"])
def test_a_damaged_value_is_refused(damaged: bytes) -> None:
    with pytest.raises(zlib.error):
        unpacked(damaged)
