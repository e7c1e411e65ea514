"""Ready-made examples in the formats of other systems, read row by row."""
