"""The roles."""
