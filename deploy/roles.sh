#!/bin/sh
# Run once by PostgreSQL's image, when it makes its database: the role that web and worker work with.
# `manage migrate` grants it what it needs.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$DATABASE_PASSWORD" <<'SQL'
create role desk_app login password :'password';
revoke create on schema public from public;
SQL
