"""Transport: the Socket.IO wire on aiohttp."""
