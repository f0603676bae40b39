package history

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"obsbook/alert-inbox/internal/payload"
)

var generous = Limits{Entries: 100, Bytes: 1 << 20}

func all(payload.Notification) bool { return true }

func open(t *testing.T, path string, limits Limits) (*History, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	return Open(path, limits, time.Now, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func titles(h *History) string {
	var list []string
	for _, each := range h.List(all) {
		list = append(list, fmt.Sprintf("%d:%s", each.ID, each.Title))
	}
	return strings.Join(list, " ")
}

func add(h *History, names ...string) {
	for _, name := range names {
		h.Add(payload.Notification{Title: name, Status: payload.Firing, Channel: payload.Webhook})
	}
}

func TestSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	first, _ := open(t, path, generous)
	add(first, "a", "b")
	second, _ := open(t, path, generous)
	add(second, "c")
	if got := titles(second); got != "1:a 2:b 3:c" {
		t.Error(got)
	}
	third, _ := open(t, path, generous)
	if got := titles(third); got != "1:a 2:b 3:c" || !third.Stats().Stored {
		t.Error(got)
	}
}

func TestBrokenLinesAreSkippedAndSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	first, _ := open(t, path, generous)
	add(first, "a", "b")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Not JSON, no notification, and half a line, as a power cut leaves it.
	if _, err := file.WriteString("\x00\xff\n{}\n\n{\"id\":3,\"ti"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	second, log := open(t, path, generous)
	add(second, "c")
	if got := second.Stats(); got.SkippedLines != 4 || got.Entries != 3 || !got.Stored {
		t.Errorf("%+v", got)
	}
	if got := strings.Count(log.String(), "history line skipped"); got != 4 || !strings.Contains(log.String(), "line=6") {
		t.Error(log)
	}
	third, _ := open(t, path, generous)
	if got := titles(third); got != "1:a 2:b 3:c" {
		t.Error(got)
	}
}

func TestIsBoundedInMemoryAndOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	h, _ := open(t, path, Limits{Entries: 3, Bytes: 1 << 20})
	for i := range 100 {
		add(h, fmt.Sprint(i))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(content, []byte("\n")); lines > 6 {
			t.Fatalf("%d lines", lines)
		}
	}
	if got := titles(h); got != "98:97 99:98 100:99" {
		t.Error(got)
	}
	again, _ := open(t, path, Limits{Entries: 3, Bytes: 1 << 20})
	if got := titles(again); got != "98:97 99:98 100:99" {
		t.Error(got)
	}
}

func TestIsBoundedInBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	h, _ := open(t, path, Limits{Entries: 1000, Bytes: 10_000})
	for range 50 {
		add(h, strings.Repeat("x", 1000))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 22_000 {
			t.Fatalf("%d bytes", info.Size())
		}
	}
	if got := h.Stats().Entries; got != 8 {
		t.Errorf("%d entries", got)
	}
	// One that is larger than the limit is still news.
	add(h, strings.Repeat("y", 20_000))
	if got := h.Stats().Entries; got != 1 {
		t.Errorf("%d entries", got)
	}
}

func TestADiskThatFailsIsSaidOnceAndCaughtUpWith(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(folder, "history.jsonl")
	h, log := open(t, path, generous)
	add(h, "a", "b")
	h.Retry()
	if got := h.Stats(); got.Stored || got.StoreFailures != 3 || got.Entries != 2 {
		t.Errorf("%+v", got)
	}
	if strings.Count(log.String(), "history not stored") != 1 {
		t.Error(log)
	}
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	h.Retry()
	if !h.Stats().Stored || !strings.Contains(log.String(), "history stored again") {
		t.Error(log)
	}
	again, _ := open(t, path, generous)
	if got := titles(again); got != "1:a 2:b" {
		t.Error(got)
	}
}

// /dev/full answers each write as a full disk does.
func TestAFullDisk(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "history.jsonl")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	h, log := open(t, path, generous)
	h.file.path = path
	if err := h.file.append([]byte("{}")); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("%v, %s", err, log)
	}
	if err := os.Symlink("/dev/full", path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := h.file.replace([][]byte{[]byte("{}")}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatal(err)
	}
	// What is left of the attempt would fill the disk further.
	if _, err := os.Lstat(path + ".new"); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestAFileThatCannotBeReadIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.Mkdir(path, 0o750); err != nil {
		t.Fatal(err)
	}
	h, log := open(t, path, generous)
	if !strings.Contains(log.String(), "history not readable") {
		t.Error(log)
	}
	add(h, "a")
	if got := titles(h); got != "1:a" || h.Stats().Stored {
		t.Errorf("%s, %+v", got, h.Stats())
	}
}
