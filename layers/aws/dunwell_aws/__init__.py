"""Adapters: what the domain's ports are in AWS. Knows the core; the core does not know it."""
