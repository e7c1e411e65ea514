"""Predictions of models and baselines, and measurements that need a model."""
