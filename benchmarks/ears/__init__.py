"""How well the cascade hears recordings of people."""
