docker compose restart metrics
