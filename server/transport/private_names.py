"""Every private or undocumented name of a library that we use or override: where, why, and what it
would cost to do without.

A test imports each and compares its parameters. Whoever raises a version reads the library's
change of what the test names, and then the file that stands beside it.
"""

from dataclasses import dataclass

AIOHTTP, ENGINEIO, SOCKETIO = "aiohttp 3.14.5", "python-engineio 4.15.1", "python-socketio 5.18.1"


@dataclass(frozen=True, slots=True)
class Use:
    """``library``: with the version that this was written against. ``file``: in this folder.

    ``names``: by their path, the parameters; None for an attribute, or where the library is
    compiled and tells nothing.
    """

    library: str
    file: str
    why: str
    without: str
    names: dict[str, str | None]


USES = (
    Use(
        AIOHTTP,
        "handshake.py",
        "aiohttp answers the handshake of a WebSocket and then forgets the connection.",
        "27 kB and a task for an idle socket instead of 10 kB and none, or a handshake of our own.",
        {
            "aiohttp.web.WebSocketResponse._post_start": "self request protocol writer",
            "aiohttp.web.WebSocketResponse.write_eof": "self",
            "aiohttp.web.RequestHandler.connection_lost": "self exc",
            "aiohttp.web.RequestHandler.set_parser": "self parser data_received_cb",
            "aiohttp.web.RequestHandler.transport": None,
        },
    ),
    Use(
        AIOHTTP,
        "engine_websocket.py",
        "aiohttp's compiled parser reads the frames, and pauses the transport through us.",
        "A parser of our own, in Python or from another library.",
        {
            "aiohttp.http.WebSocketReader.__init__": None,
            "aiohttp.http.WebSocketReader.feed_data": "self data",
            "aiohttp._websocket.reader.WebSocketDataQueue.__init__": None,
            "aiohttp._websocket.reader.WebSocketDataQueue.read": "self",
            "aiohttp._websocket.reader.WebSocketDataQueue.is_eof": "self",
            "aiohttp._websocket.reader.WebSocketDataQueue.exception": "self",
            "aiohttp._websocket.reader.WebSocketDataQueue._buffer": None,
            "aiohttp.base_protocol.BaseProtocol._reading_paused": None,
        },
    ),
    Use(
        AIOHTTP,
        "bad_requests.py",
        "What is no HTTP request is answered as a problem that names no software.",
        "aiohttp's own page in HTML, with its name and version in a header.",
        {
            "aiohttp.web.RequestHandler.handle_error": "self request status exc message",
            "aiohttp.web.Response._prepare_headers": "self",
        },
    ),
    Use(
        ENGINEIO,
        "engine_websocket.py",
        "The work of `_websocket_handler` with no task for an idle socket.",
        "Four tasks and two timers for each socket, and two tasks for each packet.",
        {
            "engineio.async_socket.AsyncSocket._websocket_handler": "self ws",
            "engineio.async_socket.AsyncSocket.receive": "self pkt",
            "engineio.async_socket.AsyncSocket.close": "self wait abort reason",
            "engineio.async_socket.AsyncSocket.connected": None,
            "engineio.async_socket.AsyncSocket.upgraded": None,
            "engineio.async_socket.AsyncSocket.upgrading": None,
            "engineio.async_socket.AsyncSocket.queue": None,
            "engineio.AsyncServer.handlers": None,
            "engineio.AsyncServer.reason": None,
        },
    ),
    Use(
        ENGINEIO,
        "engine.py",
        "Every connection has a bounded queue and an end, and an address a bound of new ones.",
        "The memory and the tasks of clients that do not read, or are gone.",
        {
            "engineio.AsyncServer._handle_connect": "self environ transport jsonp_index",
            "engineio.AsyncServer.create_queue": "self args kwargs",
            "engineio.AsyncServer.sockets": None,
            "engineio.async_socket.AsyncSocket.check_ping_timeout": "self",
            "engineio.async_socket.AsyncSocket.closed": None,
            "engineio.async_socket.AsyncSocket.closing": None,
        },
    ),
    Use(
        ENGINEIO,
        "pings.py",
        "All pings wait in one queue: the library's task for each is recognised and not started.",
        "A task and a timer for each socket.",
        {
            "engineio.async_socket.AsyncSocket.schedule_ping": "self",
            "engineio.async_socket.AsyncSocket._send_ping": "self",
            "engineio.async_socket.AsyncSocket.last_ping": None,
        },
    ),
    Use(
        ENGINEIO,
        "socket_server.py",
        "Requests are read, and WebSockets taken over, by us instead of by the library's driver.",
        "Bodies of any length in memory; the library's handler of a WebSocket.",
        {
            "engineio.AsyncServer._async": None,
            "engineio.async_drivers.aiohttp.translate_request": "request",
            "engineio.payload.Payload.max_decode_packets": None,
        },
    ),
    Use(
        SOCKETIO,
        "socket_server.py",
        "A socket that sends what is no packet, does not enter the namespace or has left it is "
        "closed; events go to their handler, and answers to the queue, without lookups.",
        "Connections without a bound, a line in the log for each stray packet, twice the CPU.",
        {
            "socketio.AsyncServer._engineio_server_class": "self",
            "socketio.AsyncServer._handle_eio_connect": "self eio_sid environ",
            "socketio.AsyncServer._handle_eio_disconnect": "self eio_sid reason",
            "socketio.AsyncServer._handle_eio_message": "self eio_sid data",
            "socketio.AsyncServer._handle_connect": "self eio_sid namespace data",
            "socketio.AsyncServer._handle_disconnect": "self eio_sid namespace reason",
            "socketio.AsyncServer._handle_event": "self eio_sid namespace id data",
            "socketio.AsyncServer._handle_ack": "self eio_sid namespace id data",
            "socketio.AsyncServer._send_packet": "self eio_sid pkt",
            "socketio.AsyncManager.is_pre_connected": "self sid namespace",
            "socketio.AsyncManager.sid_from_eio_sid": "self eio_sid namespace",
            "socketio.AsyncManager.eio_sid_from_sid": "self sid namespace",
            "socketio.AsyncServer.environ": None,
            "socketio.AsyncServer.namespace_handlers": None,
        },
    ),
    Use(
        SOCKETIO,
        "membership.py",
        "Rooms are plain dictionaries, and a socket leaves its own ones only.",
        "Twice the memory of an idle socket, and a walk through all rooms at each end.",
        {
            "socketio.AsyncManager.get_participants": "self namespace room",
            "socketio.AsyncManager.basic_enter_room": "self sid namespace room eio_sid",
            "socketio.AsyncManager.basic_leave_room": "self sid namespace room",
            "socketio.AsyncManager.basic_disconnect": "self sid namespace kwargs",
            "socketio.AsyncManager.rooms": None,
            "socketio.AsyncManager.pending_connect": None,
            "socketio.AsyncManager.pending_disconnect": None,
        },
    ),
    Use(
        SOCKETIO,
        "packets.py",
        "Packets are decoded strictly, and binary is refused before it is kept.",
        "What a client announces and never sends waits in memory.",
        {
            "socketio.packet.Packet.decode": "self encoded_packet",
            "socketio.packet.Packet.packet_type": None,
        },
    ),
)
