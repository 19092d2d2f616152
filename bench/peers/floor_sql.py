"""What a list and one ticket take at least: for bare aiohttp, and for pgbench."""

SHOWN = """
select {} id, number, title, category, type, status, priority, tags, user_id,
    assigned_to_id, created_at, updated_at, first_response_at, resolved_at, closed_at,
    last_seq as version, last_seq as seq,
    (select full_name from users where id = user_id) as customer,
    (select full_name from users where id = assigned_to_id) as assignee,
    last_message_from_staff, (
        select json_build_array(at, left(content, 200)) from events e
        where e.ticket_id = t.id and e.seq = t.last_message_seq
    ) as last_message, (
        select count(*) from events e where e.ticket_id = t.id and e.kind = 'message_posted'
        and e.actor_id <> %(user)s and e.seq > coalesce((
            select r.seq from read_cursors r where r.user_id = %(user)s and r.ticket_id = t.id
        ), 0)
    ) as unread
from tickets t where user_id = %(user)s
"""
LIST = SHOWN.format("") + " order by created_at desc, id desc limit 20"
ONE = SHOWN.format("description,") + " and id = %(ticket)s"
