"""What is known of a file by its bytes and its name, and which stored ones are to be deleted."""
