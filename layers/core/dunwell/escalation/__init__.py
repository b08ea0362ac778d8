"""Cases: customers whom messages do not move, on their way to a person and, in the end, to law.

A case is worked on by one state machine execution: evaluate the account afresh, act, wait for an agent or an event or
the next date, evaluate again. Every step here may be repeated without harm.
"""
