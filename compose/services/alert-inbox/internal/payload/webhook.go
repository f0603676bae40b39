package payload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

type webhookMessage struct {
	Version     string            `json:"version"`
	GroupKey    string            `json:"groupKey"`
	Receiver    string            `json:"receiver"`
	Status      string            `json:"status"`
	GroupLabels map[string]string `json:"groupLabels"`
	Alerts      []struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		EndsAt      time.Time         `json:"endsAt"`
	} `json:"alerts"`
}

func decodeWebhook(body []byte) (Notification, error) {
	var message webhookMessage
	if err := decodeJSON(body, &message); err != nil {
		return Notification{}, err
	}
	if message.Version != "4" {
		return Notification{}, fmt.Errorf("version is %q; Alertmanager's webhook sends \"4\"", message.Version)
	}
	if err := checkStatus("status", message.Status); err != nil {
		return Notification{}, err
	}
	if message.Receiver == "" {
		return Notification{}, errors.New("receiver is missing")
	}
	if len(message.Alerts) == 0 {
		return Notification{}, errors.New("alerts is empty")
	}
	notification := Notification{
		Receiver:    message.Receiver,
		Status:      message.Status,
		GroupKey:    message.GroupKey,
		GroupLabels: message.GroupLabels,
	}
	var lines, names, services []string
	firing := 0
	for i, each := range message.Alerts {
		if err := checkStatus(fmt.Sprintf("alerts[%d].status", i), each.Status); err != nil {
			return Notification{}, err
		}
		alert := Alert{
			Name:        each.Labels["alertname"],
			Status:      each.Status,
			Labels:      each.Labels,
			Annotations: each.Annotations,
			StartsAt:    each.StartsAt,
		}
		// While an alert fires this is when it would be given up for resolved, if nobody repeated it.
		if each.Status == Resolved {
			endsAt := each.EndsAt
			alert.EndsAt = &endsAt
		} else {
			firing++
		}
		if alert.Name == "" {
			return Notification{}, fmt.Errorf("alerts[%d] has no label alertname", i)
		}
		if !slices.Contains(names, alert.Name) {
			names = append(names, alert.Name)
		}
		if service := alert.Labels["service"]; service != "" && alert.Status == message.Status {
			services = append(services, service)
		}
		if summary := alert.Annotations["summary"]; summary != "" {
			// A group fires as long as one of its alerts does.
			if alert.Status != message.Status {
				summary += " (resolved)"
			}
			lines = append(lines, summary)
		}
		notification.Alerts = append(notification.Alerts, alert)
	}
	// As config/alertmanager/alerts.tmpl does for the other two channels.
	notification.Title = "[RESOLVED] " + strings.Join(names, ", ")
	if message.Status == Firing {
		notification.Title = fmt.Sprintf("[FIRING:%d] %s", firing, strings.Join(names, ", "))
	}
	if len(services) > 0 {
		notification.Title += ": " + strings.Join(services, ", ")
	}
	notification.Text = strings.Join(lines, "\n")
	return notification, nil
}
