"""From Java files to examples."""
