"""Dunwell's domain: standard library only, one folder a capability."""
