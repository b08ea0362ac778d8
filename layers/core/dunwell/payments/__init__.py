"""Customers paying: checkout with the payment gateway, and what the gateway reports."""
