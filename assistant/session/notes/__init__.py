"""Notes: what was said so far, in few words, for a model whose context does not reach back."""
