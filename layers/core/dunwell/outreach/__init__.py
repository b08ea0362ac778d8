"""Whom to contact about what, when and on which channel; whether it is lawful is asked of ``compliance``."""
