"""Default of credit card clients: a second, different portfolio for the probability of not paying."""

CARD_ID = "MC-CREDIT-DEFAULT-1"
VERSION = "1.0.0"
