"""Behaviour segments: how they were learned, what they are, and what holds them steady."""
