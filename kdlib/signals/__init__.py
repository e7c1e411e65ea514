"""The teacher's output distributions: type, codecs, shards."""
