"""Pages and figures made from JSON results only."""
