"""The ledgers."""
