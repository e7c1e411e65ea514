"""Scores with intervals, comparisons and slices."""
