//! What a lab's newest run has shown, under its card: drawings, when that was, and with which versions.

use obsbook_lab::block::Lab;
use obsbook_lab::chart::{svg, table};
use obsbook_lab::markup::escape;
use obsbook_lab::plan;

use super::card::Html;
use crate::report::{Evidence, evidence_charts};

/// Adds the evidence of `lab` to its card.
pub(super) fn render(card: &mut Html, lab: &Lab, evidence: &Evidence) {
    let charts = evidence_charts(evidence);
    if charts.is_empty() {
        return;
    }
    card.line("<div class=\"lab-evidence\">");
    card.line(&format!(
        "<p class=\"lab-evidence-head\"><strong>A run that {}</strong> · {}</p>",
        evidence.verdict.word(),
        facts(evidence)
    ));
    let claims: Vec<_> = evidence
        .conditions
        .iter()
        .map(|known| &known.planned.condition)
        .collect();
    let now = plan::conditions(lab);
    if claims
        != now
            .iter()
            .map(|planned| &planned.condition)
            .collect::<Vec<_>>()
    {
        card.line("<p class=\"lab-stale\">The lab has changed since: run it again to see how it ends now.</p>");
    }
    let mut charts = charts.iter();
    for chart in charts.by_ref().take(1) {
        figure(card, chart);
    }
    if charts.len() > 0 {
        card.line(&format!(
            "<details><summary>{} more</summary>",
            charts.len()
        ));
        for chart in charts {
            figure(card, chart);
        }
        card.line("</details>");
    }
    card.line(&format!(
        "<p class=\"lab-versions\">{}</p>",
        versions(evidence)
    ));
    card.line("</div>");
}

fn figure(card: &mut Html, chart: &obsbook_lab::chart::Chart) {
    card.line("<figure class=\"lab-chart\">");
    card.line(&format!(
        "<figcaption><code>{}</code></figcaption>",
        escape(&chart.title)
    ));
    card.line(svg(chart).trim_end());
    card.line("<details class=\"lab-numbers\"><summary>As numbers</summary>");
    card.line(table(chart).trim_end());
    card.line("</details>");
    card.line("</figure>");
}

fn facts(evidence: &Evidence) -> String {
    let day = evidence.finished.strftime("%Y-%m-%d %H:%M UTC");
    format!(
        "<time datetime=\"{}\">{day}</time> · {:.0} s",
        evidence.finished, evidence.seconds
    )
}

fn versions(evidence: &Evidence) -> String {
    let words = evidence
        .versions
        .iter()
        .map(|(name, version)| match version.rsplit_once('/') {
            // Of an image its name and tag are enough.
            Some((_, image)) => escape(image),
            None => format!("{} {}", escape(name), escape(version)),
        });
    words.collect::<Vec<_>>().join(" · ")
}
