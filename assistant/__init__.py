"""A voice companion that lives in the terminal and runs wholly on its user's machine."""

__version__ = "0.1.0"
