"""Other programs that speak through a session: their requests, their turns, their socket."""
