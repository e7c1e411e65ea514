"""Schemas of the result files that several packages read: written from these types, read into them once."""
