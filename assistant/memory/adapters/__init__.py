"""Stores of other makers, for people who run them already; each is an extra of its own."""
