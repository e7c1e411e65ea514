"""Java syntax: parsing, methods, assertions, validity and code tokens."""
