"""What the processes say to each other and to clients: shapes, JSON, rooms, wake-ups.

Server and worker never import each other; they meet here.
"""
