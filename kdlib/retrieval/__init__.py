"""Retrieval: the documents of a collection that are nearest to a query."""
