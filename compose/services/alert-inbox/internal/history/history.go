// Package history keeps the newest notifications, in memory and in a file of JSON lines. The file is
// there to survive a restart: when it cannot be read or written the history goes on without it and
// says so.
package history

import (
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"obsbook/alert-inbox/internal/payload"
)

// Limits bound the history; the oldest notifications go first.
type Limits struct {
	Entries int
	// Of the notifications as JSON.
	Bytes int
}

// Stats is what the metrics and the health answer say.
type Stats struct {
	Entries int
	// Whether the file holds all that the memory holds.
	Stored        bool
	StoreFailures int64
	SkippedLines  int64
}

type entry struct {
	notification payload.Notification
	size         int
}

// History is safe for concurrent use.
type History struct {
	limits Limits
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	entries []entry
	bytes   int
	lastID  int64
	file    file
	stats   Stats
}

// Open reads what an earlier process left in the file. Lines that are no notifications are skipped
// and counted; a file that cannot be read is a warning and an empty history.
func Open(path string, limits Limits, now func() time.Time, log *slog.Logger) *History {
	h := &History{limits: limits, now: now, log: log, file: file{path: path}, stats: Stats{Stored: true}}
	lines, err := h.file.read()
	if err != nil {
		log.Error("history not readable", "path", path, "error", err)
		// What was read is written anew. A file of which nothing could be read is left as it is.
		h.stats.Stored = len(lines) == 0
	}
	for number, line := range lines {
		var notification payload.Notification
		if err := json.Unmarshal(line, &notification); err != nil || notification.ID <= 0 {
			h.stats.SkippedLines++
			log.Warn("history line skipped", "path", path, "line", number+1, "error", err)
			continue
		}
		h.lastID = max(h.lastID, notification.ID)
		h.remember(notification, len(line))
	}
	log.Info("history read", "path", path, "notifications", len(h.entries), "skipped_lines", h.stats.SkippedLines)
	return h
}

// Add gives the notification its id and time of arrival and keeps it.
func (h *History) Add(notification payload.Notification) payload.Notification {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastID++
	notification.ID = h.lastID
	notification.ReceivedAt = h.now().UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(notification)
	if err != nil {
		// Strings, maps of strings and times that were read from JSON: nothing that cannot be written.
		panic(err)
	}
	h.remember(notification, len(line))
	if h.stats.Stored && h.file.lines < 2*h.limits.Entries && h.file.bytes < 2*h.limits.Bytes {
		h.noteStored(h.file.append(line))
	} else {
		h.rewrite()
	}
	return notification
}

// Retry writes the file again if the last attempt failed, so that a disk which has space again gets
// what came in meanwhile without waiting for the next notification.
func (h *History) Retry() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stats.Stored {
		h.rewrite()
	}
}

// List returns the notifications that `keep` accepts, oldest first.
func (h *History) List(keep func(payload.Notification) bool) []payload.Notification {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := []payload.Notification{}
	for _, each := range h.entries {
		if keep(each.notification) {
			list = append(list, each.notification)
		}
	}
	return list
}

// Stats returns the figures of this moment.
func (h *History) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	stats := h.stats
	stats.Entries = len(h.entries)
	return stats
}

func (h *History) remember(notification payload.Notification, size int) {
	h.entries = append(h.entries, entry{notification, size})
	h.bytes += size
	for len(h.entries) > 1 && (len(h.entries) > h.limits.Entries || h.bytes > h.limits.Bytes) {
		h.bytes -= h.entries[0].size
		h.entries[0] = entry{}
		h.entries = h.entries[1:]
	}
}

func (h *History) rewrite() {
	lines := make([][]byte, 0, len(h.entries))
	for _, each := range h.entries {
		line, err := json.Marshal(each.notification)
		if err != nil {
			panic(err)
		}
		lines = append(lines, line)
	}
	h.noteStored(h.file.replace(lines))
}

// noteStored logs changes only: a disk that is full stays so for many notifications.
func (h *History) noteStored(err error) {
	stored := err == nil
	if !stored {
		h.stats.StoreFailures++
	}
	switch {
	case h.stats.Stored && !stored:
		h.log.Error("history not stored", "path", h.file.path, "error", err)
	case !h.stats.Stored && stored:
		h.log.Info("history stored again", "path", h.file.path, "notifications", len(h.entries))
	}
	h.stats.Stored = stored
}
