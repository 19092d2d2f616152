"""Identity: who is asking, by which token, and until when."""
