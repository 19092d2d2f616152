"""Long tests that people run: chaos, bad frames, and whether the suite notices a planted fault."""
