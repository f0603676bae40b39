docker compose rm --stop --force page
