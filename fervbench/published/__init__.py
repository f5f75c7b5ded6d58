"""The published tables as data (`baselines/published/`), and what can be true in them together."""
