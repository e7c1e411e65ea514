"""One training run, whatever it learns from: the trainer and everything around it."""
