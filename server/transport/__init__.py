"""Socket.IO on aiohttp, and all that knows the inside of either: `private_names` lists it."""
