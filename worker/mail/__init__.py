"""Mail: the drain of its queue, the words, the bytes, and the way out."""
