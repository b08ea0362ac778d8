"""Inputs that some sources have: do they help, and does the model find what they say? Measured, not served yet."""
