"""The domain of collections: standard library only."""
