"""What the benchmarks on real models share: requirements that code verifies, the loops, and the table of results."""
