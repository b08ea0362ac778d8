"""Adapters between the domain and AWS, Stripe and the function environment."""
