"""Whether a statement could fail: what it reads, and the same statement where that has other values."""
