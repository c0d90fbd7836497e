"""End of speech → first sample of what a language model has just invented."""
