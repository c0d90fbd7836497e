"""`assistant bench …`: every speed that the project claims, measured by a command of its own."""
