"""What is done to a ticket at once, by a list of actions, and taken back as one."""
