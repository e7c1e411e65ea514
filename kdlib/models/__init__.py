"""Tokenizers and models: train, build, load, generate."""
