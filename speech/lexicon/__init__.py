"""Words and how they are pronounced: one inventory of phones, and a table of words for each language."""
