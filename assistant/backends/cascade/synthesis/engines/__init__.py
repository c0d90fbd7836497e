"""Speech engines besides Kokoro and Piper, and the choice among all of them."""
