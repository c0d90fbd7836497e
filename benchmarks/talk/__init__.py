"""What people say to a companion, and how good the answers are."""
