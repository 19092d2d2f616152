"""What a list and one ticket take at least: for bare aiohttp, and for pgbench."""

SHOWN = """
select {} id, number, title, category, type, status, priority, tags, '{{}}'::json as fields,
    user_id, assigned_to_id, null as team_id, '{{}}'::text[] as required_skills,
    null as snoozed_until, null as merged_into_id,
    created_at, updated_at, first_response_at, resolved_at, closed_at,
    last_seq as version, last_seq as seq,
    (select json_build_object('id', id, 'full_name', full_name) from users where id = user_id)
        as customer,
    (select json_build_object('id', id, 'full_name', full_name) from users
        where id = assigned_to_id) as assignee,
    (
        select json_build_object(
            'at', at, 'preview', left(content, 200),
            'by', case when last_message_from_staff then 'staff' else 'customer' end
        ) from events e where e.ticket_id = t.id and e.seq = t.last_message_seq
    ) as last_message,
    case when status in ('resolved', 'closed') then null
        when last_message_from_staff then 'customer' else 'staff' end as waiting_on,
    (
        select count(*) from events e where e.ticket_id = t.id and e.kind = 'message_posted'
        and e.actor_id <> %(user)s and e.seq > coalesce((
            select r.seq from read_cursors r where r.user_id = %(user)s and r.ticket_id = t.id
        ), 0)
    ) as unread
from tickets t where user_id = %(user)s
"""
LIST = SHOWN.format("") + " order by created_at desc, id desc limit 20"
ONE = SHOWN.format("description,") + " and id = %(ticket)s"
