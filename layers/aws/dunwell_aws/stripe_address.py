"""Where Stripe is, without its SDK."""

from urllib.parse import urlsplit


def checkout_origin(api_base: str) -> str:
    """Where hosted pages are: browsers must be allowed to follow a form there (CSP ``form-action``)."""
    host = urlsplit(api_base)
    return "https://checkout.stripe.com" if host.hostname == "api.stripe.com" else f"{host.scheme}://{host.netloc}"
