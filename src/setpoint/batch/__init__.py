"""Many runs of one spec: rows in, results out, within one budget."""
