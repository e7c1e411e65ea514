"""Combinations of keys that cannot work, each right by itself."""
