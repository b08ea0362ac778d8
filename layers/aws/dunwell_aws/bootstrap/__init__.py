"""The composition root: what a function is made of, built at first use and kept for the process's life.

A module for each capability; a function imports those that it asks, and each builds and imports only what is asked for,
so that a function pays for nothing that it does not use.
"""
