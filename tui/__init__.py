"""The terminal interface of codesearch. Uses public names of ``codesearch`` only."""
