package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"obsbook/alert-inbox/internal/payload"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var style []byte

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"clock": func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") },
	"stamp": func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	"isLink": func(text string) bool {
		return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
	},
}).Parse(pageSource))

func (in *inbox) page(w http.ResponseWriter, _ *http.Request) {
	notifications := in.history.List(func(payload.Notification) bool { return true })
	slices.Reverse(notifications)
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Notifications": notifications,
		"Stored":        in.history.Stats().Stored,
	})
	if err != nil {
		in.log.Error("page not rendered", "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// Texts in here come from elsewhere: nothing in them can run, or load anything.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, _ = w.Write(page.Bytes())
}

func sendStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(style)
}
