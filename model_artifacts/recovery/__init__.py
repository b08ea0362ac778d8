"""Recovery: how much of what is past due comes in, and when; how it was learned and what it is worth."""
