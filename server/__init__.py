"""The asynchronous face: HTTP and sockets. Decodes, runs a rule of the desk, encodes."""
