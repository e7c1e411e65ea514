"""From mined examples to one corpus: cleaned of copies, split, audited, described."""
