"""A voice channel of Discord as microphone and speaker of a conversation."""
