"""Finished and unfinished runs, read from their result files."""
