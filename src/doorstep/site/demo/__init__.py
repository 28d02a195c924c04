"""A made-up district for demonstration, tests and benchmarks: pure, deterministic by seed, nobody's data."""
