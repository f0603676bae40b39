// Command alert-inbox receives what Alertmanager sends to a webhook, to Slack and to PagerDuty, and
// keeps it for reading.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"obsbook/alert-inbox/internal/history"
)

// A notification of the sandbox has about 2 KiB, so this is some days of learning.
var limits = history.Limits{Entries: 1000, Bytes: 4 << 20}

const retryInterval = 5 * time.Second

func main() {
	log, err := newLog(os.Stdout, setting("LOG_LEVEL", "info"))
	if err == nil {
		err = run(log)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func run(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	kept := history.Open(setting("HISTORY_FILE", "/var/lib/alert-inbox/history.jsonl"), limits, time.Now, log)
	server := &http.Server{
		Handler:           newHandler(kept, log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
	}
	listener, err := net.Listen("tcp", ":"+setting("PORT", "9094"))
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("started", "address", listener.Addr().String())

	retry := time.NewTicker(retryInterval)
	defer retry.Stop()
	for {
		select {
		case <-retry.C:
			kept.Retry()
		case err := <-failed:
			return err
		case <-ctx.Done():
			log.Info("stopping")
			closing, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			return server.Shutdown(closing)
		}
	}
}
