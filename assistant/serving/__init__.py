"""Our own backend behind the protocol of Moshi servers, so that a laptop uses the desktop's GPU."""
