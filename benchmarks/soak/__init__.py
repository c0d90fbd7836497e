"""Endurance: hours of conversation on the virtual clock, with a fault every few minutes."""
