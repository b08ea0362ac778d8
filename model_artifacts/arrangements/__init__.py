"""Recommended plans and offers, measured on a simulated portfolio."""

CARD_ID = "MC-ARRANGEMENTS-1"
VERSION = "1.0.0"
