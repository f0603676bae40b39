package payload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An event of PagerDuty's Events API v2.
type pagerDutyEvent struct {
	RoutingKey  string `json:"routing_key"`
	DedupKey    string `json:"dedup_key"`
	EventAction string `json:"event_action"`
	Payload     struct {
		Summary       string         `json:"summary"`
		Severity      string         `json:"severity"`
		CustomDetails map[string]any `json:"custom_details"`
	} `json:"payload"`
}

var (
	pagerDutySeverities = []string{"critical", "error", "warning", "info"}
	// Alertmanager adds these four to each event.
	pagerDutyTexts = []string{"firing", "resolved", "num_firing", "num_resolved"}
)

func decodePagerDuty(body []byte) (Notification, error) {
	var event pagerDutyEvent
	if err := decodeJSON(body, &event); err != nil {
		return Notification{}, err
	}
	notification := Notification{
		Receiver:    string(PagerDuty),
		GroupKey:    event.DedupKey,
		GroupLabels: map[string]string{},
		Title:       event.Payload.Summary,
	}
	switch event.EventAction {
	case "trigger":
		notification.Status = Firing
	case "resolve":
		notification.Status = Resolved
	default:
		return Notification{}, fmt.Errorf("event_action is %q; Alertmanager sends trigger or resolve", event.EventAction)
	}
	if event.RoutingKey == "" {
		return Notification{}, errors.New("routing_key is missing")
	}
	// It ties the event that resolves to the one that triggered.
	if event.DedupKey == "" {
		return Notification{}, errors.New("dedup_key is missing")
	}
	if event.Payload.Summary == "" && notification.Status == Firing {
		return Notification{}, errors.New("payload.summary is missing")
	}
	if severity := event.Payload.Severity; severity != "" && !slices.Contains(pagerDutySeverities, severity) {
		return Notification{}, fmt.Errorf("payload.severity is %q, not one of %s",
			severity, strings.Join(pagerDutySeverities, ", "))
	}
	for name, value := range event.Payload.CustomDetails {
		text, isText := value.(string)
		switch {
		case !isText:
		case name == notification.Status:
			notification.Text = strings.TrimSpace(text)
		case !slices.Contains(pagerDutyTexts, name):
			addLabel(notification.GroupLabels, name, text)
		}
	}
	return notification, nil
}
