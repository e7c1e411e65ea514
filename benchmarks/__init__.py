"""One file per claim about speed, size or cost; ``python -m benchmarks`` runs all of them."""
