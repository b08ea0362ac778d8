"""A Stripe that runs on this machine: real rules, real signatures, no network and no money.

It serves the part of Stripe's API that collections need, at the API version of the installed SDK.
`python -m infra.local.stripe_sandbox --port 4691` starts it. What it does not support it refuses by
name, so that a green run never rests on a parameter that was silently ignored.
"""
