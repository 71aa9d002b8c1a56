"""The rubric."""
