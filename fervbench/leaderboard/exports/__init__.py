"""The same results in the shapes of other platforms: one module each.

escaping     text made safe for Markdown, LaTeX, CSV and YAML
rows         a row for a paper's table, and whole tables
huggingface  a model card's `model-index`
codabench    a competition bundle with its scoring program
evalai       a challenge configuration with its `evaluate()`
"""
