"""Our voices, ears and personas for other programs: OpenAI's audio endpoints, and Wyoming."""
