"""Sends the people who are connected here what other parts of the desk have recorded for them."""

from desk.access import Audience
from desk.outbox import AttachmentChanged, DraftChanged, TicketRead
from server.live.rooms import ticket_room, user_room
from server.transport.socket_server import SocketServer
from wire.messages import NotificationRecorded
from wire.server_events import ATTACHMENT_CHANGED, DRAFT_CHANGED, NOTIFICATION, READ
from wire.shapes import AttachmentShown, DraftShown, ReadShown


def send_notification(sockets: SocketServer, recorded: NotificationRecorded) -> None:
    sockets.send_local(NOTIFICATION, recorded.notification, user_room(recorded.user_id))


def send_read(sockets: SocketServer, read: TicketRead) -> None:
    for audience, seq in ((Audience.STAFF, read.seq), (Audience.CUSTOMER, read.public_seq)):
        if seq is not None:
            payload = ReadShown(read.ticket_id, read.user_id, seq)
            sockets.send_local(READ, payload, ticket_room(read.ticket_id, audience))


def send_draft(sockets: SocketServer, changed: DraftChanged) -> None:
    payload = DraftShown(changed.ticket_id, changed.kind, changed.version)
    sockets.send_local(DRAFT_CHANGED, payload, user_room(changed.user_id))


def send_attachment(sockets: SocketServer, changed: AttachmentChanged) -> None:
    payload = AttachmentShown(changed.ticket_id, changed.attachment_id, changed.scan)
    if changed.is_public is None:
        sockets.send_local(ATTACHMENT_CHANGED, payload, user_room(changed.user_id))
        return
    for audience in Audience:
        if changed.is_public or audience is Audience.STAFF:
            room = ticket_room(changed.ticket_id, audience)
            sockets.send_local(ATTACHMENT_CHANGED, payload, room)
