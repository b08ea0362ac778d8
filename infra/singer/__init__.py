"""`target-dunwell`: the Singer target that brings any tap's records to Dunwell's ingest bucket."""
