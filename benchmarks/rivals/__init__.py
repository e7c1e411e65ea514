"""What is measured beside kdlib: other packages, and kdlib as it was."""
