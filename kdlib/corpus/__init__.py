"""From pinned sources to de-duplicated, split examples."""
