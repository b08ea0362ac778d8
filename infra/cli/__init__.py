"""``dunwell-cli``: bring a file of your own: propose a mapping for it, and see what an import would make of it."""
