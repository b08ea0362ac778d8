"""Customers: who they are, how they may be reached, and what must not be done to them."""
