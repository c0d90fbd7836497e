"""What those who develop the assistant measure: `python -m benchmarks --help`."""
