"""Task views of Java files: fill-in-the-middle, comment-to-code, pairs of documentation and code."""
