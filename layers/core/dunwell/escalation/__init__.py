"""Cases: customers whom messages do not move, on their way to a person and, in the end, to law."""
