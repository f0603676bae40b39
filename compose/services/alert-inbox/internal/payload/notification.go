// Package payload reads what Alertmanager sends to a webhook, to Slack and to PagerDuty, and makes
// one kind of notification of the three.
package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Channel is the protocol that a notification came by.
type Channel string

const (
	Webhook   Channel = "webhook"
	Slack     Channel = "slack"
	PagerDuty Channel = "pagerduty"
)

// Channels in the order in which they are shown.
var Channels = []Channel{Webhook, Slack, PagerDuty}

const (
	Firing   = "firing"
	Resolved = "resolved"
)

// Notification is what the history keeps and the API answers with.
type Notification struct {
	ID          int64             `json:"id"`
	ReceivedAt  time.Time         `json:"received_at"`
	Receiver    string            `json:"receiver"`
	Channel     Channel           `json:"channel"`
	Status      string            `json:"status"`
	GroupKey    string            `json:"group_key,omitempty"`
	GroupLabels map[string]string `json:"group_labels,omitempty"`
	// Only the webhook carries the alerts themselves; the others carry text about them.
	Alerts []Alert `json:"alerts,omitempty"`
	Title  string  `json:"title"`
	Text   string  `json:"text"`
}

// Alert is one alert of a group.
type Alert struct {
	Name        string            `json:"name"`
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"starts_at"`
	// Absent while the alert fires.
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

// IsAbout says whether the notification concerns the alert of that name.
func (n Notification) IsAbout(name string) bool {
	if n.GroupLabels["alertname"] == name {
		return true
	}
	for _, alert := range n.Alerts {
		if alert.Name == name {
			return true
		}
	}
	return false
}

// Decode reads the body that arrived at the given channel's address. `receiver` is the one that the
// address names: of the three only the webhook's payload says it by itself.
func Decode(channel Channel, receiver string, body []byte) (Notification, error) {
	var notification Notification
	var err error
	switch channel {
	case Webhook:
		notification, err = decodeWebhook(body)
	case Slack:
		notification, err = decodeSlack(body)
	case PagerDuty:
		notification, err = decodePagerDuty(body)
	default:
		err = fmt.Errorf("unknown channel %q", channel)
	}
	if err != nil {
		return Notification{}, err
	}
	notification.Channel = channel
	if receiver != "" {
		notification.Receiver = receiver
	}
	return notification, nil
}

// decodeJSON accepts unknown keys, as a later Alertmanager may send more.
func decodeJSON(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(into); err != nil {
		var wrongType *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the body is empty")
		case errors.As(err, &wrongType):
			return fmt.Errorf("%s is a JSON %s, which it must not be", orBody(wrongType.Field), wrongType.Value)
		}
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after its JSON object")
	}
	return nil
}

func orBody(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

func checkStatus(where, status string) error {
	if status != Firing && status != Resolved {
		return fmt.Errorf("%s is %q, not firing or resolved", where, status)
	}
	return nil
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// addLabel keeps what can be a label of the group; a field with a heading for people is none.
func addLabel(labels map[string]string, name, value string) {
	if labelName.MatchString(name) && value != "" && !strings.ContainsRune(value, '\n') {
		labels[name] = value
	}
}
