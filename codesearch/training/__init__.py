"""Making weights (extra ``train``). Nothing that serves imports from here."""
