"""What the assistant remembers of its user: journals, profile, and an index made from them."""
