"""Rebuilding published tables and figures: plans of training jobs, tables assembled from their folders, verdicts."""
