"""The hosted pages' HTML: one look, no scripts, usable by keyboard and on a phone."""

from __future__ import annotations

from html import escape

from .money import format_amount
from .state import Resource

_STYLE = """
*{box-sizing:border-box}
body{margin:0;color:#1a1f36;background:#f6f8fa;
 font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.test{background:#ffde92;color:#5b3a00;text-align:center;font-size:13px;font-weight:600;padding:4px 16px}
main{display:grid;align-items:start;max-width:960px;margin:0 auto;padding:24px 16px;gap:24px}
.card{background:#fff;border:1px solid #e3e8ee;border-radius:12px;padding:24px;min-width:0}
.merchant{color:#4f566b;font-weight:600;margin:0 0 4px}
h1{font-size:36px;line-height:1.1;margin:0 0 24px;overflow-wrap:anywhere}
h1.small{font-size:24px}
h2{font-size:18px;margin:0 0 16px}
ul{list-style:none;margin:0;padding:0}
li{display:flex;justify-content:space-between;gap:16px;padding:12px 0;border-top:1px solid #e3e8ee}
li span:first-child{overflow-wrap:anywhere}
li small{display:block;color:#4f566b}
.total{font-weight:700}
label,legend{display:block;font-weight:600;font-size:14px;margin:16px 0 4px}
input,select{width:100%;font:inherit;
 padding:11px 12px;border:1px solid #8792a2;border-radius:6px;background:#fff}
input:focus,select:focus,button:focus,a:focus{outline:3px solid #7aa7ff;outline-offset:1px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}
fieldset{border:0;margin:16px 0 0;padding:0}
legend{margin:0;padding:0}
.choice{display:flex;align-items:center;gap:10px;min-height:44px;font-weight:400;font-size:16px;margin:0}
.choice input{width:20px;height:20px;margin:0}
.bank,.sepa{display:none}
form:has(#pay-bank:checked) .bank,form:has(#pay-sepa:checked) .sepa{display:block}
form:has(#pay-bank:checked) .card-fields,form:has(#pay-sepa:checked) .card-fields{display:none}
button{width:100%;min-height:48px;margin-top:24px;font:inherit;font-weight:600;color:#fff;background:#0b5cd5;
 border:0;border-radius:6px;cursor:pointer}
button:hover{background:#0848a8}
button.plain{background:#fff;color:#a3132f;border:1px solid #a3132f;margin-top:12px}
.error{border:1px solid #c0143c;
 background:#fff0f3;color:#8c0d2b;border-radius:6px;padding:12px;margin:0 0 8px}
.error:focus{outline:3px solid #e58ba0}
.note{color:#4f566b;font-size:14px}
a{color:#0b5cd5}
@media(min-width:800px){main{grid-template-columns:1fr 1fr;padding-top:48px}}
@media(max-width:799px){h1{font-size:30px}main.one{max-width:560px}}
main.one{grid-template-columns:1fr;max-width:560px}
"""


def _document(title: str, body: str, *, one_column: bool = False) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<div class="test">Test mode: no money moves</div>
<main{' class="one"' if one_column else ""}>{body}</main>
</body>
</html>
"""


def notice_page(title: str, message: str, link: tuple[str, str] | None = None) -> str:
    """A page that only says something; `link` is a URL and its words."""
    anchor = f'<p><a href="{escape(link[0])}">{escape(link[1])}</a></p>' if link else ""
    heading = f'<h1 class="small">{escape(title)}</h1>'
    body = f'<section class="card">{heading}<p>{escape(message)}</p>{anchor}</section>'
    return _document(title, body, one_column=True)


def checkout_page(
    session: Resource, items: list[Resource], *, email: str | None, error: str | None, typed: dict[str, str]
) -> str:
    """The page of an open session; `typed` fills the form again after a refusal, without card numbers."""
    merchant = (session["branding_settings"] or {}).get("display_name") or "Test merchant"
    paying = session["mode"] == "payment"
    amount = format_amount(session["amount_total"], session["currency"]) if paying else ""
    button = _button_words(session, amount)
    alert = f'<p class="error" role="alert" id="error" tabindex="-1" autofocus>{escape(error)}</p>' if error else ""
    form = f"""<section class="card" aria-labelledby="form-title">
<h2 id="form-title">{"Payment details" if paying else "Payment method"}</h2>
{alert}<form method="post" novalidate{' aria-describedby="error"' if error else ""}>
{_email_field(email, typed)}
{_choice(session, typed)}
{_text("name", "Full name", typed.get("name", ""), 'autocomplete="name"')}
{_card_fields(typed) if "card" in session["payment_method_types"] else ""}
{_bank_fields(typed) if "us_bank_account" in session["payment_method_types"] else ""}
{_sepa_fields() if "sepa_debit" in session["payment_method_types"] else ""}
<button type="submit">{escape(button)}</button>
</form></section>"""
    return _document(f"{merchant}: {button}", _summary(session, items, merchant, amount) + form)


def _button_words(session: Resource, amount: str) -> str:
    if session["mode"] == "setup":
        return "Save payment method"
    verb = {"book": "Book", "donate": "Donate"}.get(session["submit_type"] or "", "Pay")
    return f"{verb} {amount}"


def _summary(session: Resource, items: list[Resource], merchant: str, amount: str) -> str:
    rows = "".join(_item_row(item) for item in items)
    total = f'<li class="total"><span>Total due</span><span>{escape(amount)}</span></li>' if amount else ""
    heading = f"<h1>{escape(amount)}</h1>" if amount else '<h1 class="small">Save a way to pay for later</h1>'
    back = ""
    if session["cancel_url"]:
        back = f'<p><a href="{escape(session["cancel_url"])}">Cancel and go back to {escape(merchant)}</a></p>'
    return (
        f'<section class="card"><p class="merchant">{escape(merchant)}</p>{heading}'
        f"<ul>{rows}{total}</ul>{back}</section>"
    )


def _item_row(item: Resource) -> str:
    each = format_amount(item["price"]["unit_amount"], item["currency"])
    quantity = f"<small>{item['quantity']} &times; {escape(each)}</small>" if item["quantity"] > 1 else ""
    total = escape(format_amount(item["amount_total"], item["currency"]))
    return f"<li><span>{escape(item['description'])}{quantity}</span><span>{total}</span></li>"


def _text(name: str, label: str, value: str, attributes: str) -> str:
    return (
        f'<div><label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" value="{escape(value)}" {attributes}></div>'
    )


def _email_field(email: str | None, typed: dict[str, str]) -> str:
    attributes = 'type="email" autocomplete="email" inputmode="email"' + (" readonly" if email else "")
    return _text("email", "E-mail", email or typed.get("email", ""), attributes)


_KINDS = {
    "card": ("pay-card", "Card"),
    "us_bank_account": ("pay-bank", "US bank account"),
    "sepa_debit": ("pay-sepa", "SEPA direct debit"),
}


def _choice(session: Resource, typed: dict[str, str]) -> str:
    kinds = session["payment_method_types"]
    if len(kinds) == 1:
        checked = f' id="{_KINDS[kinds[0]][0]}" checked type="checkbox" hidden'
        identity = ' type="hidden"' if kinds[0] == "card" else checked
        return f'<input name="payment_method" value="{kinds[0]}"{identity}>'
    chosen = typed.get("payment_method", kinds[0])
    choices = "".join(
        f'<label class="choice"><input type="radio" name="payment_method" value="{kind}" id="{_KINDS[kind][0]}"'
        f"{' checked' if kind == chosen else ''}> {_KINDS[kind][1]}</label>"
        for kind in kinds
    )
    return f"<fieldset><legend>Pay with</legend>{choices}</fieldset>"


def _card_fields(typed: dict[str, str]) -> str:
    number = _text("number", "Card number", "", 'inputmode="numeric" autocomplete="cc-number" maxlength="23"')
    expiry = _text(
        "expiry",
        "Expiry (MM / YY)",
        "",
        'inputmode="numeric" autocomplete="cc-exp" placeholder="MM / YY" maxlength="9"',
    )
    cvc = _text("cvc", "Security code", "", 'inputmode="numeric" autocomplete="cc-csc" maxlength="4"')
    postal = _text("postal_code", "Postal code", typed.get("postal_code", ""), 'autocomplete="postal-code"')
    return f'<div class="card-fields">{number}<div class="pair">{expiry}{cvc}</div>{postal}</div>'


def _bank_fields(typed: dict[str, str]) -> str:
    company = " selected" if typed.get("account_holder_type") == "company" else ""
    routing = _text("routing_number", "Routing number", "", 'inputmode="numeric" autocomplete="off"')
    account = _text("account_number", "Account number", "", 'inputmode="numeric" autocomplete="off"')
    return f"""<div class="bank"><label for="account_holder_type">Account holder</label>
<select id="account_holder_type" name="account_holder_type"><option value="individual">Person</option>
<option value="company"{company}>Business</option></select>{routing}{account}
<p class="note">By continuing you allow this account to be debited.
Bank payments take several days.</p></div>"""


def _sepa_fields() -> str:
    iban = _text("iban", "IBAN", "", 'autocomplete="off" maxlength="42"')
    return f"""<div class="sepa">{iban}
<p class="note">By continuing you allow this account to be debited.
Bank payments take several days.</p></div>"""


def authentication_page(intent: Resource) -> str:
    """The bank's page, on which the cardholder confirms the use of the card."""
    what = "saving this card"
    if intent["object"] == "payment_intent":
        what = f"a payment of {format_amount(intent['amount'], intent['currency'])}"
    body = f"""<section class="card"><p class="merchant">Test bank</p>
<h1 class="small">Confirm {escape(what)}</h1>
<p>Your bank asks whether this is you.</p>
<form method="post"><button name="answer" value="complete">Complete authentication</button>
<button class="plain" name="answer" value="fail">Fail authentication</button></form></section>"""
    return _document("Confirm it is you", body, one_column=True)
