"""Rendered data sets in the official layouts, for development, tests and benchmarks; never to be taken for real ones."""
