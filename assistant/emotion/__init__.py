"""How the user feels: words give the kind, the voice gives arousal. Rules and numpy, no model."""
