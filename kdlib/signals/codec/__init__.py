"""Codecs: how distributions become columns of bytes and come back. Pure, without files; a concept a file."""
