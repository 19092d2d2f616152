"""Sockets as those who are told things: what follows from their coming, choosing and going."""

from desk.tickets import saved_views
from server.live.rooms import user_room
from server.services import Services
from server.sockets.member import SocketMember
from server.sockets.payloads import Watch
from wire.messages import person_topic


async def arrive(services: Services, member: SocketMember) -> None:
    """What is for its person, or watched, reaches a socket from then on."""
    services.bus.follow(person_topic(member.user_id))
    # First: nothing is to reach it before it is let in, which is the next that happens.
    await services.bus.settled()
    if member.actor.is_staff:
        services.watching.arrived(member.key, member.actor)
    else:
        services.ticket_changes.arrived(member.actor)
    services.sockets.enter(member.key, user_room(member.user_id))


async def watch(services: Services, member: SocketMember, chosen: Watch) -> None:
    """Raises `NotFound` (``view_not_found``): then it watches what it did before."""
    views = await services.desk.read(saved_views.chosen, member.actor, chosen.views)
    watcher = services.watching.watcher(member.key)
    if watcher is not None:  # It may have ended while we asked.
        named = watcher.ticket_ids
        services.watching.watch(member.key, views, chosen.ticket_ids)
        services.view_counts.began(member.key)
        services.activity.named(member.key, named, watcher.ticket_ids)


def leave(services: Services, member: SocketMember) -> None:
    """Nothing is read any more for a socket that has ended."""
    services.bus.unfollow(person_topic(member.user_id))
    watcher = services.watching.watcher(member.key)
    if watcher is None:
        services.ticket_changes.left(member.actor)
        return
    named = watcher.ticket_ids
    services.watching.left(member.key)
    services.view_counts.left(member.key)
    services.activity.named(member.key, named, ())
