"""A conversation with somebody who is not there: scripted users in a room made of numbers."""
