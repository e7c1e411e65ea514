"""Text metrics and statistics; one concept a file."""
