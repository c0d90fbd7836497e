"""The rooms of a session: what is said, what was heard of it, who answers, how long it took."""
