"""Sockets: events of Socket.IO and of the plain WebSocket: decoded, run as a rule, encoded."""
