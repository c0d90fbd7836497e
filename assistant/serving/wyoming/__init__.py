"""Our voices, ears and personas for Home Assistant: the Wyoming protocol."""
