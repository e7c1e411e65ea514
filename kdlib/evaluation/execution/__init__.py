"""Predictions run in their tests."""
