//! Which notifications are about an alert, and how large the group was that it came in.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::alert::Asked;
use super::source::{Notification, NotifiedAlert};

/// How far apart the notifications of one group arrive by different channels: each channel waits for its own interval.
const TOGETHER: SignedDuration = SignedDuration::from_secs(10);

/// What arrived about an alert.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arrived<'n> {
    /// The notifications about it, the oldest first, each with the number of alerts in it that have the status and are of this run,
    /// where that is known: a group still names what another fault had brought, as resolved.
    pub(super) found: Vec<(&'n Notification, Option<usize>)>,
    /// How many more have its name, of which nothing tells whether they are about this one.
    pub(super) unclear: usize,
}

enum About {
    /// The alert, in a group of so many, where that is known.
    This(Option<usize>),
    /// One of its name, and perhaps this one.
    Perhaps,
    Other,
}

/// Returns when the notifications begin that tell what those from `from` on are about.
pub(super) fn told_from(from: Timestamp) -> Timestamp {
    from.checked_sub(TOGETHER).unwrap_or_default()
}

/// Returns what arrived from `from` on about the alert with this status, of `all` that arrived.
pub(super) fn arrived<'n>(
    asked: &Asked<'_>,
    status: &str,
    from: Timestamp,
    all: &'n [Notification],
) -> Arrived<'n> {
    let mut arrived = Arrived::default();
    let of_channel = |notification: &&Notification| {
        notification.received_at >= from
            && asked
                .channel
                .is_none_or(|channel| channel == notification.channel)
    };
    for notification in all.iter().filter(of_channel) {
        match about(asked, status, from, notification, all) {
            About::This(group) => arrived.found.push((notification, group)),
            About::Perhaps => arrived.unclear += 1,
            About::Other => {}
        }
    }
    arrived
}

fn about(
    asked: &Asked<'_>,
    status: &str,
    from: Timestamp,
    notification: &Notification,
    all: &[Notification],
) -> About {
    // A repetition of what fires since before is no news of this run.
    let is_news = |alert: &&NotifiedAlert| {
        alert.status == status
            && (status != "firing" || alert.starts_at.is_none_or(|start| start >= from))
    };
    let size = |other: &Notification| {
        let news = || other.alerts().iter().filter(is_news);
        let mut asked_for =
            news().filter(|alert| alert.name == asked.name && asked.fits(&alert.labels));
        asked_for.next().map(|_| news().count())
    };
    if !notification.alerts().is_empty() {
        return size(notification).map_or(About::Other, |size| About::This(Some(size)));
    }
    // A chat or a pager is sent text. What it is about stands in the same group's notification with the alerts themselves.
    if notification.status != status || !names(notification, asked.name) {
        return About::Other;
    }
    let group = &notification.group_labels;
    if differ(group, asked.labels) {
        return About::Other;
    }
    let mut beside = all
        .iter()
        .filter(|other| is_beside(notification, other, asked.name))
        .peekable();
    if beside.peek().is_none() {
        let is_known = asked.labels.keys().all(|label| group.contains_key(label));
        return if is_known {
            About::This(None)
        } else {
            About::Perhaps
        };
    }
    let told = beside.find_map(size);
    told.map_or(About::Other, |size| About::This(Some(size)))
}

/// Whether `other` has the alerts themselves of a group that `notification` has text about.
fn is_beside(notification: &Notification, other: &Notification, name: &str) -> bool {
    let apart = other.received_at.duration_since(notification.received_at);
    apart.abs() <= TOGETHER
        && !differ(&notification.group_labels, &other.group_labels)
        && other.alerts().iter().any(|alert| alert.name == name)
}

/// Whether a label that both have has two values.
fn differ(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    one.iter()
        .any(|(label, value)| other.get(label).is_some_and(|other| other != value))
}

/// Whether a notification that is text is about alerts of this name.
fn names(notification: &Notification, name: &str) -> bool {
    match notification.group_labels.get("alertname") {
        Some(found) => found == name,
        None => has_word(&notification.title, name) || has_word(&notification.text, name),
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn text(title: &str, group: &[(&str, &str)], received: i64) -> Notification {
        Notification {
            received_at: at(received),
            channel: "pagerduty".to_owned(),
            status: "firing".to_owned(),
            group_labels: labels(group),
            alerts: None,
            title: title.to_owned(),
            text: String::new(),
        }
    }

    /// A webhook notification about one name, of these services and since when they fire.
    fn webhook(name: &str, services: &[(&str, i64)], received: i64) -> Notification {
        let alert = |(service, start): &(&str, i64)| NotifiedAlert {
            name: name.to_owned(),
            status: "firing".to_owned(),
            labels: labels(&[("service", service)]),
            starts_at: Some(at(*start)),
        };
        Notification {
            channel: "webhook".to_owned(),
            alerts: Some(services.iter().map(alert).collect()),
            ..text("", &[("alertname", name)], received)
        }
    }

    /// What arrived since second 100 about `ServiceDown`, of the service `a` if `labelled`, at the pager.
    fn check(labelled: bool, all: &[Notification], found: &[Option<usize>], unclear: usize) {
        let labels = labels(if labelled { &[("service", "a")] } else { &[] });
        let asked = Asked {
            name: "ServiceDown",
            labels: &labels,
            channel: Some("pagerduty"),
        };
        let arrived = arrived(&asked, "firing", at(100), all);
        let groups: Vec<_> = arrived.found.iter().map(|(_, group)| *group).collect();
        assert_eq!(
            (groups.as_slice(), arrived.unclear),
            (found, unclear),
            "{labelled}: {all:#?}"
        );
    }

    const DOWN: &[(&str, &str)] = &[("alertname", "ServiceDown"), ("team", "shop")];

    #[test]
    fn a_name_is_the_group_s_own_or_a_whole_word() {
        check(false, &[text("x", DOWN, 110)], &[None], 0);
        let other = &[("alertname", "ServiceDownFast")];
        check(false, &[text("ServiceDown", other, 110)], &[], 0);
        for (title, is_named) in [
            ("[FIRING:1] ServiceDown: a", true),
            ("[FIRING:1] ServiceDownFast: a", false),
            ("SlowServiceDown", false),
            ("ServiceDown-fast and ServiceDown", true),
        ] {
            let found: &[_] = if is_named { &[None] } else { &[] };
            check(false, &[text(title, &[], 110)], found, 0);
        }
    }

    #[test]
    fn labels_stand_in_the_group_or_in_the_webhook_s_notification_of_it() {
        let page = |received| text("[FIRING:1] ServiceDown: a", DOWN, received);
        let group = &[("alertname", "ServiceDown"), ("service", "a")];
        check(true, &[text("x", group, 110)], &[None], 0);
        let another = &[("alertname", "ServiceDown"), ("service", "b")];
        check(true, &[text("x", another, 110)], &[], 0);
        // Nothing tells which service the page is about, unless the webhook does.
        check(true, &[page(110)], &[], 1);
        let down = |services: &[(&str, i64)], received| webhook("ServiceDown", services, received);
        check(true, &[page(110), down(&[("a", 105)], 112)], &[Some(1)], 0);
        check(true, &[page(110), down(&[("b", 105)], 112)], &[], 0);
        check(true, &[page(110), down(&[("a", 105)], 150)], &[], 1);
        let two = [("b", 104), ("a", 105)];
        check(true, &[page(110), down(&two, 109)], &[Some(2)], 0);
        let unrelated = webhook("QueueTooOld", &[("a", 105)], 110);
        check(true, &[page(110), unrelated], &[], 1);
    }

    #[test]
    fn a_group_is_as_large_as_what_this_run_has_brought() {
        let page = || text("[FIRING:2] ServiceDown", DOWN, 110);
        let with_older = webhook("ServiceDown", &[("b", 50), ("a", 105)], 109);
        check(true, &[page(), with_older], &[Some(1)], 0);
        let mut with_resolved = webhook("ServiceDown", &[("b", 104), ("a", 105)], 109);
        if let Some(alerts) = &mut with_resolved.alerts {
            alerts[0].status = "resolved".to_owned();
        }
        check(true, &[page(), with_resolved], &[Some(1)], 0);
    }

    #[test]
    fn a_repetition_of_what_fires_since_before_is_no_news() {
        let page = |received| text("[FIRING:1] ServiceDown: a", DOWN, received);
        let old = webhook("ServiceDown", &[("a", 50)], 110);
        check(false, &[page(110), old.clone()], &[], 0);
        check(true, &[page(110), old], &[], 0);
        check(false, &[page(90)], &[], 0);
    }
}
