"""Pinned sources: fetched, unpacked in memory, and the Java files in them."""
