package payload

import (
	"errors"
	"strings"
)

type slackMessage struct {
	Channel     string `json:"channel"`
	Attachments []struct {
		Title    string `json:"title"`
		Pretext  string `json:"pretext"`
		Text     string `json:"text"`
		Fallback string `json:"fallback"`
		Color    string `json:"color"`
		Fields   []struct {
			Title string `json:"title"`
			Value string `json:"value"`
		} `json:"fields"`
	} `json:"attachments"`
}

func decodeSlack(body []byte) (Notification, error) {
	var message slackMessage
	if err := decodeJSON(body, &message); err != nil {
		return Notification{}, err
	}
	if len(message.Attachments) == 0 {
		return Notification{}, errors.New("attachments is empty")
	}
	// Alertmanager sends one.
	attachment := message.Attachments[0]
	notification := Notification{
		Receiver:    message.Channel,
		GroupLabels: map[string]string{},
		Title:       attachment.Title,
		Text:        strings.TrimSpace(attachment.Pretext + "\n" + attachment.Text),
	}
	if notification.Title == "" {
		notification.Title = attachment.Fallback
	}
	for _, field := range attachment.Fields {
		addLabel(notification.GroupLabels, field.Title, field.Value)
	}
	switch {
	case strings.HasPrefix(notification.Title, "[FIRING"):
		notification.Status = Firing
	case strings.HasPrefix(notification.Title, "[RESOLVED"):
		notification.Status = Resolved
	case attachment.Color == "danger" || attachment.Color == "warning":
		notification.Status = Firing
	case attachment.Color == "good":
		notification.Status = Resolved
	default:
		return Notification{}, errors.New("neither attachments[0].title ([FIRING…, [RESOLVED…) " +
			"nor its color (danger, warning, good) says whether the alert fires or is resolved")
	}
	return notification, nil
}
