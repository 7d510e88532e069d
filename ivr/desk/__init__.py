"""What people at a desk do with callbacks and agents: one function for each operation, for commands and API alike."""
