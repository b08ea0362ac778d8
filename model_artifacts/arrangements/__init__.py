"""Recommended plans and offers, measured on a simulated portfolio."""
