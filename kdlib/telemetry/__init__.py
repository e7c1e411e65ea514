"""The records of a training: read back, summed up, judged, and shown."""
