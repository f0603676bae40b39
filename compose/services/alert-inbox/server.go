package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"obsbook/alert-inbox/internal/history"
	"obsbook/alert-inbox/internal/payload"
)

// More than a thousand alerts in one notification.
const maxBodyBytes = 1 << 20

type inbox struct {
	history  *history.History
	log      *slog.Logger
	received *prometheus.CounterVec
	rejected *prometheus.CounterVec
}

func newHandler(kept *history.History, log *slog.Logger) http.Handler {
	in := &inbox{
		history: kept,
		log:     log,
		received: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notifications_received_total",
			Help: "Notifications received.",
		}, []string{"channel", "status"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notifications_rejected_total",
			Help: "Requests that held no notification that could be read.",
		}, []string{"channel"}),
	}
	// So that rate() sees the first one.
	for _, channel := range payload.Channels {
		in.rejected.WithLabelValues(string(channel))
		for _, status := range []string{payload.Firing, payload.Resolved} {
			in.received.WithLabelValues(string(channel), status)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		in.received, in.rejected,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "notification_history_size",
			Help: "Notifications in the history.",
		}, func() float64 { return float64(kept.Stats().Entries) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "notification_history_stored",
			Help: "Whether all of the history is on disk.",
		}, func() float64 {
			if kept.Stats().Stored {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "notification_store_failures_total",
			Help: "Attempts to write the history to disk that failed.",
		}, func() float64 { return float64(kept.Stats().StoreFailures) }),
	)

	mux := http.NewServeMux()
	// The receiver's name is in the address, because Slack's and PagerDuty's payloads do not have it.
	mux.HandleFunc("POST /webhook", in.receive(payload.Webhook))
	mux.HandleFunc("POST /slack/{receiver}", in.receive(payload.Slack))
	mux.HandleFunc("POST /pagerduty/{receiver}", in.receive(payload.PagerDuty))
	mux.HandleFunc("GET /api/notifications", in.list)
	mux.HandleFunc("GET /{$}", in.page)
	mux.HandleFunc("GET /style.css", sendStyle)
	mux.HandleFunc("GET /healthz", in.health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

type problem struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
}

func (in *inbox) receive(channel payload.Channel) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		var notification payload.Notification
		if err == nil {
			notification, err = payload.Decode(channel, r.PathValue("receiver"), body)
		}
		if err != nil {
			in.reject(w, channel, err)
			return
		}
		notification = in.history.Add(notification)
		in.received.WithLabelValues(string(channel), notification.Status).Inc()
		in.log.Info("notification received", "notification_id", notification.ID, "channel", string(channel),
			"receiver", notification.Receiver, "status", notification.Status, "title", notification.Title)
		acknowledge(w, channel, notification)
	}
}

// acknowledge answers as the real receiver of the channel does.
func acknowledge(w http.ResponseWriter, channel payload.Channel, notification payload.Notification) {
	switch channel {
	case payload.Slack:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok")
	case payload.PagerDuty:
		send(w, http.StatusAccepted, map[string]string{
			"status": "success", "message": "Event processed", "dedup_key": notification.GroupKey,
		})
	default:
		send(w, http.StatusOK, map[string]int64{"id": notification.ID})
	}
}

func (in *inbox) reject(w http.ResponseWriter, channel payload.Channel, err error) {
	in.rejected.WithLabelValues(string(channel)).Inc()
	in.log.Warn("notification rejected", "channel", string(channel), "error", err)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		send(w, http.StatusRequestEntityTooLarge, problem{
			Error: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit),
			Hint:  "webhook_configs has max_alerts to bound the number of alerts in a notification",
		})
		return
	}
	send(w, http.StatusBadRequest, problem{
		Error: err.Error(),
		Hint:  fmt.Sprintf("this address takes what Alertmanager sends by %s_configs", channel),
	})
}

func (in *inbox) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for name := range query {
		if name != "since" && name != "alert" {
			send(w, http.StatusBadRequest, problem{
				Error: fmt.Sprintf("unknown parameter %q", name), Hint: "since=RFC3339 and alert=NAME are known",
			})
			return
		}
	}
	var since time.Time
	if text := query.Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			send(w, http.StatusBadRequest, problem{
				Error: fmt.Sprintf("since is %q, not a time", text), Hint: "for example since=2026-01-31T12:00:00Z",
			})
			return
		}
	}
	name := query.Get("alert")
	send(w, http.StatusOK, in.history.List(func(n payload.Notification) bool {
		return !n.ReceivedAt.Before(since) && (name == "" || n.IsAbout(name))
	}))
}

// health stays 200 while the history cannot be stored: a restart would lose what memory still holds.
func (in *inbox) health(w http.ResponseWriter, _ *http.Request) {
	stats := in.history.Stats()
	send(w, http.StatusOK, map[string]any{
		"status": "ok", "notifications": stats.Entries, "stored": stats.Stored,
		"store_failures": stats.StoreFailures, "skipped_lines": stats.SkippedLines,
	})
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}
