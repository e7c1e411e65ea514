"""Baselines, predictions and scores on the same rows."""
