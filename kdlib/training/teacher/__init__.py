"""What a student learns from its teacher: distributions, outputs, layers, embeddings."""
