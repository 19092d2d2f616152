"""The families of frames: what a client may send that an honest one does not, from a seed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from tools.frames.wire import BINARY, CLOSE, MORE, PING, PONG, TEXT, Frame

LIMIT = 64 * 1024
NAMESPACE = "/tickets"
NAMESPACES = ("", "/", "/other", "/tickets/x", "/Tickets", "/tickets?token=x", "/" + "n" * 500)
# What only the server says, or the life cycle, or nobody.
FORGED = (
    "timeline", "ticket_changed", "notification", "presence", "read", "resync", "signed_out",
    "connect", "disconnect", "connect_error", "message", "error", "newListener", "__proto__",
    "constructor", "trigger_event", "*", "", "\0", "x" * 300,
)  # fmt: skip
DEPTHS = (100, 1000, 10_000)
BOMBS = (
    *("[" * depth for depth in DEPTHS),
    *("[" * depth + "]" * depth for depth in DEPTHS),
    *('{"a":' * depth + "1" + "}" * depth for depth in DEPTHS),
    *("1" + "0" * digits for digits in (18, 19, 300, 5000)),
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "01", "1.", "0x1"),
    *map(json.dumps, ("\ud800", "\udfff\ud800", "\0", "\u2028", "\ufeff", "\0" * 1000)),
    *('"\ud800"', '"\0"', json.dumps("\U0001f986" * 5000)),
    "{" + ",".join(f'"{n}":{n}' for n in range(3000)) + "}",
    '{"content":1,"content":2}',
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom and what an attacker has: a token, a ticket; ``is_plain``: not over Socket.IO."""

    token: str
    ticket_id: str
    is_plain: bool = False


Family = Callable[[Random, Target], Sequence[Frame]]


def text(said: str) -> list[Frame]:
    return [Frame(said.encode("utf-8", "surrogatepass"))]


def packet(target: Target, said: str, number: int | str = "") -> str:
    """An event, as the way in wants it; a plain WebSocket knows only one."""
    return said if target.is_plain else f"42{NAMESPACE},{number}{said}"


def honest(chance: Random, target: Target) -> str:
    """What an honest client could have sent."""
    message = {"content": f"hello {chance.random()}", "client_id": f"{chance.getrandbits(60)}"}
    if target.is_plain:
        return json.dumps(message)
    ticket = {"ticket_id": target.ticket_id}
    event = chance.choice(
        [
            ["join_ticket", ticket | {"after": chance.randrange(3)}],
            ["leave_ticket", ticket],
            ["post_message", ticket | message],
            ["typing", ticket | {"active": True}],
            ["mark_read", ticket | {"seq": chance.randrange(3)}],
            ["refresh_auth", {"token": target.token}],
        ]
    )
    return packet(target, json.dumps(event), chance.randrange(100))


def noise(chance: Random, _: Target) -> list[Frame]:
    raw = chance.randbytes(chance.choice([0, 1, 2, 10, 1000]))
    printable = "".join(chr(chance.randrange(32, 0x2FFF)) for _ in range(chance.randrange(200)))
    return chance.choice([[Frame(raw)], [Frame(raw, BINARY)], text(printable)])


def mutated(chance: Random, target: Target) -> list[Frame]:
    """An honest packet with some of its bytes cut, flipped, doubled or moved."""
    raw = bytearray(honest(chance, target).encode())
    for _ in range(chance.randrange(1, 4)):
        at, to = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        match chance.randrange(6):
            case 0:
                del raw[at:]
            case 1:
                del raw[at:to]
            case 2:
                raw[at:at] = raw[at:to]
            case 3:
                raw[at:at] = bytes(chance.choices(b'0123456789[]{}",:\\-/_ex', k=3))
            case 4 if at < len(raw):
                raw[at] = chance.randrange(32, 127)
            case _:
                raw[at:to] = reversed(raw[at:to])
    return [Frame(bytes(raw))]


def repeated(chance: Random, target: Target) -> list[Frame]:
    """An honest packet, again and again."""
    return text(honest(chance, target)) * chance.randrange(1, 8)


def out_of_order(chance: Random, _: Target) -> list[Frame]:
    """Engine.IO types where they do not belong."""
    kinds = ["0", '0{"sid":"x"}', "1", "2", "2probe", "3", "3probe", "5", "6", "4", "7", "b",
             "bAAAA", "2" * 1000, "33", "3" + "x" * 999]  # fmt: skip
    # A pong ends nothing, so that it is what mostly comes.
    return text(chance.choice([*kinds, *["3", "3probe"] * 30]))


def forged(chance: Random, target: Target) -> list[Frame]:
    """Socket.IO packets that a client has no business to send, or not now."""
    connect = json.dumps({"token": target.token})
    attached = '["post_message",{"_placeholder":true,"num":0}]'
    return text(
        chance.choice(
            [
                f"40{chance.choice(NAMESPACES)},{connect}",
                f"40{NAMESPACE},{connect}",
                f"40{NAMESPACE}," + chance.choice(["", "[]", "1", '{"token":[]}', "{", '""']),
                f"43{NAMESPACE},{chance.getrandbits(64)}[{chance.random()}]",
                f"43{NAMESPACE},{chance.randrange(5)}" + chance.choice(["", "{}", "[]", "[[[["]),
                *[f"43{NAMESPACE},1[]"] * 10,
                f"41{NAMESPACE},",
                "41",
                f"44{NAMESPACE},{{}}",
                f"45{chance.choice([1, 2, 10**9, 10**30])}-{NAMESPACE},{attached}",
                f"451{attached}",
                f"46{chance.randrange(9)}-{NAMESPACE},1[]",
                f"42{chance.choice(NAMESPACES)},{attached}",
                f"42{NAMESPACE}," + "9" * chance.choice([20, 100, 101, 5000]) + attached,
                f"4{chance.randrange(10)}{chance.random()}",
            ]
        )
    )


def announced(chance: Random, target: Target) -> list[Frame]:
    """Binary attachments, announced or not."""
    count = chance.randrange(1, 4)
    head = f'45{count}-{NAMESPACE},1["post_message",{{"_placeholder":true,"num":0}}]'
    raw = Frame(chance.randbytes(chance.randrange(2000)), BINARY)
    whole = [*text(head), *[raw] * count]
    return chance.choice([whole, text(head), [*text(head), raw], [raw] * count])


def server_only(chance: Random, target: Target) -> list[Frame]:
    """Events under names that a client does not have."""
    ticket = {"ticket_id": target.ticket_id, "seq": 1, "kind": "message_posted", "data": {}}
    payload = chance.choice([ticket, {"code": "logged_out"}, {}, [], None, "x", [ticket] * 3])
    said = json.dumps([chance.choice(FORGED), payload])
    return text(packet(target, said, chance.choice(["", "7"])))


def bombs(chance: Random, target: Target) -> list[Frame]:
    """JSON that is hard to read, or says what no field may hold."""
    value = chance.choice([*BOMBS, json.dumps(str(UUID(int=chance.getrandbits(128))))])
    field = chance.choice(["content", "client_id", "ticket_id", "after", "x"])
    inside = f'{{"ticket_id":"{target.ticket_id}","{field}":{value}}}'
    body = chance.choice([value, inside])
    if target.is_plain:
        return text(body)
    event = chance.choice(["join_ticket", "post_message", "mark_read", "typing", "refresh_auth"])
    return text(packet(target, f'["{event}",{body}]', chance.randrange(99)))


def long(chance: Random, target: Target) -> list[Frame]:
    """About as long as a frame may be, or much longer."""
    wanted = chance.choice([LIMIT - 1, LIMIT, LIMIT, LIMIT, LIMIT + 1, 2 * LIMIT, 1 << 20])
    content = "xé\U0001f986"[chance.randrange(3)]
    around = json.dumps({"ticket_id": target.ticket_id, "client_id": "c", "content": ""})
    said = around if target.is_plain else packet(target, f'["post_message",{around}]', 1)
    missing = (wanted - len(said)) // len(content.encode())
    return text(said.replace('""', f'"{content * missing}"'))


def fragments(chance: Random, target: Target) -> list[Frame]:
    """Messages in pieces: whole, never ended, begun anew, or with nothing in them."""
    raw = honest(chance, target).encode()
    size = max(1, len(raw) // chance.choice([2, 3, 5]))
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    frames = [Frame(piece, MORE, is_final=False) for piece in pieces]
    frames[0] = Frame(pieces[0], TEXT, is_final=False)
    whole = [*frames, Frame(b"", MORE)]
    between = Frame(b"?", chance.choice([PING, PONG]))
    return chance.choice(
        [
            *[whole] * 200,
            [frame for piece in whole for frame in (piece, between)],
            frames,
            [Frame(raw, MORE)],
            [frames[0], Frame(raw)],
            [Frame(b"", is_final=False), *[Frame(b"", MORE, is_final=False)] * 1100],
            [Frame(b"x" * 9000, is_final=False), *[Frame(b"x" * 9000, MORE, is_final=False)] * 9],
            [Frame(b"\xf0\x9f", is_final=False), Frame(b"\xa6\x86", MORE)],
        ]
    )


def control(chance: Random, _: Target) -> list[Frame]:
    """Control frames: too long, in pieces, unasked for, closing with what is no reason."""
    code = chance.choice([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535]).to_bytes(2, "big")
    kind = chance.choice([PING, PONG])
    return chance.choice(
        [
            [Frame(chance.randbytes(125), kind)] * 20,
            [Frame(chance.randbytes(125), PONG)] * 20,
            [Frame(bytes(126), kind)],
            [Frame(b"x", kind, is_final=False)],
            [Frame(b"x", CLOSE)],
            [Frame(code, CLOSE)],
            [Frame((1000).to_bytes(2, "big") + b"\xff\xfe", CLOSE)],
            [Frame(b"", CLOSE), Frame(b"after the end")],
        ]
    )


def bits(chance: Random, target: Target) -> list[Frame]:
    """Reserved bits and opcodes, no mask, lengths that lie."""
    raw = honest(chance, target).encode()
    claimed = chance.choice([len(raw) + 1000, LIMIT + 1, 2**32, 2**62, 2**63, 2**64 - 1])
    return chance.choice(
        [
            [Frame(raw, reserved=chance.randrange(1, 8))],
            [Frame(raw, chance.choice([3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF]))],
            [Frame(raw, is_masked=False)],
            [Frame(raw, claims=claimed)],
            [Frame(raw, PING, claims=claimed)],
            [Frame(raw, claims=len(raw) // 2)],
        ]
    )


# How often each comes; who ends the socket comes less often, as each takes a connection.
FAMILIES: dict[Family, int] = {
    noise: 1,
    mutated: 8,
    repeated: 1,
    out_of_order: 6,
    forged: 6,
    announced: 1,
    server_only: 8,
    bombs: 8,
    long: 2,
    fragments: 2,
    control: 4,
    bits: 1,
}


def floods(chance: Random, target: Target) -> bytes:
    """One small frame that is to be sent without end."""
    empty = [Frame(b"", kind) for kind in (PING, PONG, BINARY)]
    events = [
        packet(target, json.dumps([name, {}]), number)
        for name in ("typing", "timeline", "join_ticket", "post_message")
        for number in ("", "1")
    ]
    said = chance.choice(["3", "3probe", honest(chance, target), *events])
    return chance.choice([*empty, *text(said) * 5]).encode()
