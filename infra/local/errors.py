"""What can go wrong around the local stack."""


class LocalStackError(Exception):
    """Its message is one line for the user: what was wrong and what to do."""
