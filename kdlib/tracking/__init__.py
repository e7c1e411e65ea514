"""MLflow as a mirror: result files are the source of truth, and an absent server never fails a run."""
