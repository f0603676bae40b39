#!/bin/sh
# Runs a command with a PostgreSQL of its own, gone afterwards, so that the SQL is tested too.
# Needs pg_virtualenv, of Debian's packages postgresql and postgresql-common.
# usage: ./with-database.sh ./check.sh
set -eu

# pg_virtualenv tells its command where the server is, in the variables of libpq.
exec pg_virtualenv -o fsync=off sh -euc '
    POSTGRES_PASSWORD_FILE=$(mktemp)
    trap "rm -f $POSTGRES_PASSWORD_FILE" EXIT
    printf %s "$PGPASSWORD" >"$POSTGRES_PASSWORD_FILE"
    export POSTGRES_PASSWORD_FILE POSTGRES_ADDRESS="$PGHOST:$PGPORT"
    export POSTGRES_DB="$PGDATABASE" POSTGRES_USER="$PGUSER" ORDER_API_TEST_DATABASE=1
    "$@"
' sh "$@"
