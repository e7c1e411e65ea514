"""The records of a training: read back, summed up, checked for bad signs, and shown."""
