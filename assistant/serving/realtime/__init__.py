"""A whole conversation by voice over a WebSocket, in the events of OpenAI's Realtime API."""
