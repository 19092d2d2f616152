"""Frames that no honest client sends, by the hundred thousand, while honest clients converse."""
