#!/bin/sh
# Runs once, when the database container makes its cluster: the platform's role, which owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v word="$APP_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE yinling_app LOGIN PASSWORD :'word';
SQL
