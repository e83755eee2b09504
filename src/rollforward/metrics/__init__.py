"""What it means: every metric once, in families, computed from the ledger."""
