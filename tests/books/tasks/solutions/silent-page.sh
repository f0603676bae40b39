docker compose unpause page
