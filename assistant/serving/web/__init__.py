"""The conversation in a browser's page: `assistant web`."""
