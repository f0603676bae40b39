package payload

import (
	"os"
	"strings"
	"testing"
	"time"
)

// testdata holds what Alertmanager sent for this sandbox's rules and configuration.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestSamples(t *testing.T) {
	for _, test := range []struct {
		file, receiver, wantReceiver, status, title, text string
		channel                                           Channel
	}{
		{"webhook-firing.json", "", "webhook", Firing, "[FIRING:1] ServiceDown: order-api", "order-api is down", Webhook},
		{"webhook-resolved.json", "", "webhook", Resolved, "[RESOLVED] ServiceDown", "order-api is down", Webhook},
		{"slack-firing.json", "shop-chat", "shop-chat", Firing, "[FIRING:1] QueueTooOld: fulfillment-worker", "waited 20s", Slack},
		{"slack-resolved.json", "shop-chat", "shop-chat", Resolved, "[RESOLVED] QueueTooOld: fulfillment-worker", "waited 20s", Slack},
		{"pagerduty-firing.json", "shop-pager", "shop-pager", Firing, "[FIRING:1] ServiceDown: order-api", "order-api is down", PagerDuty},
		{"pagerduty-resolved.json", "shop-pager", "shop-pager", Resolved, "[RESOLVED] ServiceDown", "order-api is down", PagerDuty},
	} {
		t.Run(test.file, func(t *testing.T) {
			got, err := Decode(test.channel, test.receiver, sample(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			if got.Channel != test.channel || got.Receiver != test.wantReceiver || got.Status != test.status {
				t.Errorf("%+v", got)
			}
			if !strings.HasPrefix(got.Title, test.title) || !strings.Contains(got.Text, test.text) || got.Text == "" {
				t.Errorf("title %q, text %q", got.Title, got.Text)
			}
			if got.GroupLabels["team"] != "shop" || !got.IsAbout(got.GroupLabels["alertname"]) {
				t.Errorf("group labels %v", got.GroupLabels)
			}
		})
	}
}

func TestAlertsOfTheWebhook(t *testing.T) {
	firing, err := Decode(Webhook, "", sample(t, "webhook-firing.json"))
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := Decode(Webhook, "", sample(t, "webhook-resolved.json"))
	if err != nil {
		t.Fatal(err)
	}
	first, last := firing.Alerts[0], resolved.Alerts[0]
	if first.Name != "ServiceDown" || first.Labels["service"] != "order-api" || first.Annotations["playbook"] == "" {
		t.Errorf("%+v", first)
	}
	if first.EndsAt != nil {
		t.Errorf("fires, and ended at %s", first.EndsAt)
	}
	if last.EndsAt == nil || !last.EndsAt.After(last.StartsAt) || !last.StartsAt.Equal(first.StartsAt) {
		t.Errorf("from %s to %s", last.StartsAt, last.EndsAt)
	}
	if firing.GroupKey == "" || firing.GroupKey != resolved.GroupKey {
		t.Errorf("group keys %q and %q", firing.GroupKey, resolved.GroupKey)
	}
}

func TestIncidentOfPagerDutyIsTheSame(t *testing.T) {
	trigger, err := Decode(PagerDuty, "", sample(t, "pagerduty-firing.json"))
	if err != nil {
		t.Fatal(err)
	}
	resolve, err := Decode(PagerDuty, "", sample(t, "pagerduty-resolved.json"))
	if err != nil {
		t.Fatal(err)
	}
	if trigger.GroupKey == "" || trigger.GroupKey != resolve.GroupKey {
		t.Errorf("%q and %q", trigger.GroupKey, resolve.GroupKey)
	}
}

func TestSlackStatusByColour(t *testing.T) {
	for colour, want := range map[string]string{"danger": Firing, "warning": Firing, "good": Resolved} {
		got, err := Decode(Slack, "", []byte(`{"channel":"#shop","attachments":[{"fallback":"hello","color":"`+colour+`",
			"fields":[{"title":"A heading","value":"for people"},{"title":"team","value":"shop"}]}]}`))
		if err != nil || got.Status != want || got.Title != "hello" || got.Receiver != "#shop" {
			t.Errorf("%s: %+v, %v", colour, got, err)
		}
		if len(got.GroupLabels) != 1 || got.GroupLabels["team"] != "shop" {
			t.Errorf("%v", got.GroupLabels)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		channel    Channel
		body, want string
	}{
		{Webhook, ``, "empty"},
		{Webhook, `{`, "not JSON"},
		{Webhook, `[]`, "JSON array"},
		{Webhook, `null`, "version"},
		{Webhook, `{} {}`, "goes on"},
		{Webhook, `{"version":4}`, "version is a JSON number"},
		{Webhook, `{"version":"3"}`, `version is "3"`},
		{Webhook, `{"version":"4","status":"burning"}`, `status is "burning"`},
		{Webhook, `{"version":"4","status":"firing"}`, "receiver is missing"},
		{Webhook, `{"version":"4","status":"firing","receiver":"r","alerts":[]}`, "alerts is empty"},
		{Webhook, `{"version":"4","status":"firing","receiver":"r","alerts":[null]}`, "alerts[0].status"},
		{Webhook, `{"version":"4","status":"firing","receiver":"r","alerts":[{"status":"firing"}]}`, "no label alertname"},
		{Webhook, `{"version":"4","status":"firing","receiver":"r","alerts":[{"startsAt":"yesterday"}]}`, "not JSON"},
		{Slack, `{}`, "attachments is empty"},
		{Slack, `{"attachments":[{"title":"hello"}]}`, "neither"},
		{Slack, `{"attachments":"none"}`, "attachments is a JSON string"},
		{PagerDuty, `{}`, "event_action"},
		{PagerDuty, `{"event_action":"acknowledge"}`, "event_action"},
		{PagerDuty, `{"event_action":"trigger"}`, "routing_key"},
		{PagerDuty, `{"event_action":"resolve","routing_key":"k"}`, "dedup_key"},
		{PagerDuty, `{"event_action":"trigger","routing_key":"k","dedup_key":"d"}`, "payload.summary"},
		{PagerDuty, `{"event_action":"trigger","routing_key":"k","dedup_key":"d","payload":{"summary":"s","severity":"bad"}}`, "payload.severity"},
		{"carrier-pigeon", `{}`, "unknown channel"},
	} {
		got, err := Decode(test.channel, "", []byte(test.body))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %+v, %v", test.channel, test.body, got, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"webhook-firing", "slack-firing", "pagerduty-firing"} {
		body, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, channel := range Channels {
			got, err := Decode(channel, "r", body)
			if err == nil && got.Status != Firing && got.Status != Resolved {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestTimesOfAlertsAreKept(t *testing.T) {
	got, err := Decode(Webhook, "", []byte(`{"version":"4","status":"firing","receiver":"r","alerts":[
		{"status":"firing","labels":{"alertname":"A"},"annotations":{"summary":"A burns"},"startsAt":"2026-01-31T12:00:00.123Z","endsAt":"0001-01-01T00:00:00Z"},
		{"status":"resolved","labels":{"alertname":"B"},"annotations":{"summary":"B burns"},"startsAt":"2026-01-31T12:00:00Z","endsAt":"2026-01-31T12:01:00Z"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != "A burns\nB burns (resolved)" {
		t.Errorf("%q", got.Text)
	}
	if got.Alerts[0].StartsAt.Format(time.RFC3339Nano) != "2026-01-31T12:00:00.123Z" || got.Title != "[FIRING:1] A, B" {
		t.Errorf("%+v", got)
	}
}
