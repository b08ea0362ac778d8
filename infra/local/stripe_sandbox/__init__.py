"""A Stripe that runs on this machine: real rules, real signatures, no network and no money.

It serves the part of Stripe's API that collections need, at the API version of the installed SDK.
`python -m infra.local.stripe_sandbox --port 4691` starts it. What it does not support it refuses by
name, so that a green run never rests on a parameter that was silently ignored.

Beside Stripe's own API (`/v1`) and the hosted pages (`/c`) there is `/_sandbox`, with JSON in and out:

    GET  health, deliveries (every webhook attempt and its status), faults (those still to come)
    POST reset
    POST faults            {"kind", "times"?, …}: what goes wrong next; see faults.py
    POST settle            {"payment_intent", "outcome"?}: a bank answers a debit that is processing
    POST authenticate      {"intent", "passed"?}: a cardholder answers the bank
    POST decline_card      {"payment_method", "decline_code"}: a saved card is refused from now on
    POST open_dispute, close_dispute, appeal_dispute, return_debit, finish_refund, pay_out, finish_payout, update_card,
         revoke_mandate: see control.py
    POST advance           {"seconds"}: the account's clock moves on
    POST redeliver         {"event"};  roll_secret {"webhook_endpoint", "keep_old"?}
"""
