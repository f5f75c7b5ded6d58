"""Scoring programs as they stand in bundles: `score.py` on Codabench, `main.py` on EvalAI."""
