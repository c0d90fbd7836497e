"""The rooms behind the index: rows, words, vectors, and how their hits become one ranking."""
