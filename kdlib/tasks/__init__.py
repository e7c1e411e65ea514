"""Text views of an example; the one place where a prompt is written."""
