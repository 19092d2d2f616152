-- What the peers keep: the durable work of the product, modelled as their communities would.
create table users (
    id uuid primary key,
    email varchar(254) not null unique,
    full_name varchar(200) not null,
    password_hash varchar(100) not null,
    role varchar(16) not null,
    is_active boolean not null default true
);
create table tickets (
    id uuid primary key default uuidv7(),
    number bigint generated always as identity unique,
    title varchar(200) not null,
    description text not null,
    category varchar(64) not null,
    type varchar(64) not null,
    status varchar(32) not null default 'open',
    priority varchar(32),
    tags varchar(32)[] not null default '{}',
    user_id uuid not null references users,
    assigned_to_id uuid references users,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    first_response_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    last_seq bigint not null default 0,
    last_message_seq bigint,
    last_message_from_staff boolean,
    words tsvector generated always as (to_tsvector('simple', title || ' ' || description)) stored
);
create index on tickets (user_id, created_at, id);
create index on tickets (status, created_at);
create index on tickets (assigned_to_id, created_at);
create index on tickets using gin (words);
create table events (
    ticket_id uuid not null references tickets on delete cascade,
    seq bigint not null,
    id uuid not null default uuidv7(),
    kind varchar(32) not null,
    actor_id uuid references users,
    at timestamptz not null default now(),
    client_id varchar(64),
    content text,
    words tsvector generated always as (to_tsvector('simple', coalesce(content, ''))) stored,
    primary key (ticket_id, seq),
    unique (ticket_id, actor_id, client_id)
);
create index on events using gin (words);
create table read_cursors (
    user_id uuid references users on delete cascade,
    ticket_id uuid references tickets on delete cascade,
    seq bigint not null,
    primary key (user_id, ticket_id)
);
create table notifications (
    id uuid primary key default uuidv7(),
    user_id uuid not null references users,
    kind varchar(32) not null,
    ticket_id uuid not null references tickets,
    actor_id uuid references users,
    created_at timestamptz not null default now(),
    read_at timestamptz
);
create index on notifications (user_id, created_at, id);
