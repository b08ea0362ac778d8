"""Default of credit card clients: a second, different portfolio for the probability of not paying."""
