"""From other systems' files to the ledger: mappings, validated rows, and the import of a customer's rows."""
