"""Long facts in few bytes: DynamoDB bills by size, and ours are words that every item repeats.

A packed value is a zlib stream with a dictionary of these words, so that a change of one invoice shrinks as well as
one of thousands. The stream names its dictionary by checksum: with another one it is refused, never misread. That
makes the words below a part of what is stored. They stay as they are when our sentences change, which then are packed
a little worse; another dictionary is another format, and what is stored has to be written anew for it.
"""

import zlib

_LEVEL = 9
_WORDS = (
    b"The debt is old.The debt is fresh.The customer has paid something lately."
    b"Nothing has been paid for longer than this customer usually takes from payment to payment."
    b"Going by how this customer pays, this debt should have been paid by now.Most of what else is open is past due."
    b"The customer was reached lately.The customer has not been reached lately."
    b"The amount is larger than usual for this customer.The amount is smaller than usual for this customer."
    b"The last few invoices were paid later than earlier ones.The last few invoices were paid sooner than earlier ones."
    b"The last few invoices were paid after their due date.The last few invoices were paid before their due date."
    b"The typical past invoice was paid after its due date.The typical past invoice was paid before its due date."
    b"The time taken to pay has varied a lot.The time taken to pay has been steady."
    b"Past invoices were often paid more than 30 days late.Past invoices were rarely paid more than 30 days late."
    b"There is still time before the invoice falls due.The invoice falls due soon."
    b"The last payment was recent.The last payment was some time ago."
    b"The amount is larger than usual for this account.The amount is smaller than usual for this account."
    b"Past invoices were mostly paid by their due date.Past invoices were often paid after their due date."
    b"The invoice is past its due date. days ago, where payments used to be  days apart."
    b' invoices paid before that."The oldest open invoice is  days past due."'
    b'{"risk_reasons":["","segment_facts":["","model_sha256":"","card_id":"MC-RECOVERY-1",'
    b'"invoices":[{"invoice_id":"inv_","late_permille":1000,"reasons":["],"late_30_permille":'
    b',"late_90_permille":,"expected_on":"20","earliest_on":"20","latest_on":"20"}],'
    b'"recoveries":[{"currency":"USD","past_due_minor":,"permille_30":,"permille_60":,"permille_90":'
    b',"expected_30_minor":,"expected_60_minor":,"expected_90_minor":,"reasons":["'
    b'"model_version":"1.0.0","card_id":"MC-RECOVERY-1"}]}'
    b'[{"allowed":true,"reason_code":"OK","decided_at":"2026-07-18T15:00:00Z","next_allowed":null,"rules":['
    b'"HOLD-BK","HOLD-DECEASED","HOLD-IDT","HOUSE-CEASE","HOUSE-ATTY","UK-BREATHING","UK-CRISIS","HOUSE-DISPUTE",'
    b'"SES-RATES","HOLD-MINOR","NO-TRANSFER","HOUSE-VULN","HOUSE-PAUSE","OPTOUT-HONOR","CONSUMER-TIME"],'
    b'"policy_version":"2026-11-22/2026-11-22","tzdata_version":"2026f","decision_id":"plan:2026-07-18:07:"}]'
    b'{"published_on":"2026-","figures":[{"name":"'
    b',"at":"2026-01-01T00:00:00Z","method":"stripe","reference":"pi_","of":"pay_","reason":"refund"chargeback"'
    b'"kind":"dispute"dispute_end"write_off"reversal"fee"interest"late_fee"credit_note"debit_note"pending"'
    b'"tax_minor":,"terms":"net 30","lines":[{"text":"","amount_minor":}],"source_version":"'
    b'{"invoices":[{"invoice_id":"inv_","number":"INV-1","currency":"EUR","GBP","USD","amount_minor":'
    b',"issued_on":"2025-","due_on":"2026-"}],'
    b'"entries":[{"entry_id":"pay_","kind":"payment","kind":"settlement","currency":"USD","amount_minor":'
    b',"on":"2026-","method":"imported","reference":"INV-","directed_to":[{"invoice_id":"inv_'
    b'","amount_minor":}],"reason":"settled","told":1}]}'
)


def packed(text: str) -> bytes:
    """A text as it is stored: a quarter to a half of its size for the JSON of our facts."""
    packer = zlib.compressobj(_LEVEL, zdict=_WORDS)
    return packer.compress(text.encode()) + packer.flush()


def unpacked(stored: bytes) -> bytes:
    """The text of ``packed``, in UTF-8.

    Raises:
        zlib.error: it is cut short, damaged, or packed with another dictionary.
    """
    unpacker = zlib.decompressobj(zdict=_WORDS)
    text = unpacker.decompress(stored) + unpacker.flush()
    if not unpacker.eof:
        raise zlib.error("the packed value is cut short")
    return text
