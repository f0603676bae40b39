//! What a panel is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::block::lab::Lab;
use crate::block::probe::{PanelQuery, Probe, TraceSearch};
use crate::chart::{Level, State, Unit};
use crate::dashboard::{self, Dashboard};
use crate::span::{Position, Span};

/// How far back a panel looks unless it says otherwise.
pub(super) const RANGE: Duration = Duration::from_secs(300);

/// One `panel` block, or one panel of a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelBlock {
    /// Unique in the whole book, among its labs as well.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What is drawn.
    pub content: Content,
    /// How far back it looks.
    pub range: Duration,
    /// The profile that has what it asks for.
    pub profile: String,
    /// The file, relative to the book's root.
    pub file: PathBuf,
    /// Where the opening fence stands.
    pub at: Position,
    /// Where the id stands in the file.
    pub id_span: Span,
}

/// What a panel draws.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Answers to queries.
    Queries {
        /// The queries.
        queries: Vec<Drawn>,
        /// What is made of the answers.
        look: Look,
        /// What the numbers are of.
        unit: Unit,
        /// What values are called, where they are states.
        states: Vec<State>,
        /// Which values are fine, the lowest first.
        levels: Vec<Level>,
    },
    /// The newest traces that a search finds.
    Traces(TraceSearch),
    /// The alerts, their state, and their notifications.
    Alerts,
    /// Which service calls which.
    Dependencies,
}

/// One query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The query.
    pub query: PanelQuery,
    /// What its series are called: text with `{{label}}` in it; what tells them apart when it is empty.
    pub legend: String,
}

/// What is made of the answers to queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Curves over time.
    TimeSeries,
    /// The newest numbers, large.
    Stat,
    /// The newest numbers, a row each.
    Table,
    /// A bar for each series, whose colour is its state.
    Timeline,
    /// How many of a histogram's observations are in which bucket.
    Heatmap,
    /// Log lines.
    Lines,
}

impl Look {
    pub(super) const ALL: [Self; 6] = [
        Self::TimeSeries,
        Self::Stat,
        Self::Table,
        Self::Timeline,
        Self::Heatmap,
        Self::Lines,
    ];

    /// Returns the word that a block names it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::TimeSeries => "timeseries",
            Self::Stat => "stat",
            Self::Table => "table",
            Self::Timeline => "timeline",
            Self::Heatmap => "heatmap",
            Self::Lines => "lines",
        }
    }

    /// Returns the look of a Grafana panel of this type: <https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/>.
    pub fn of_grafana(kind: &str) -> Self {
        match kind {
            "stat" | "gauge" => Self::Stat,
            "table" | "bargauge" => Self::Table,
            "state-timeline" => Self::Timeline,
            "heatmap" => Self::Heatmap,
            "logs" => Self::Lines,
            _ => Self::TimeSeries,
        }
    }
}

impl PanelBlock {
    /// Returns the panel of a dashboard with `chosen` as values of its variables.
    ///
    /// # Errors
    /// A lowercase fragment: one of its queries is not well formed, or asks a data source that no panel asks here.
    pub fn of_dashboard(
        dashboard: &Dashboard,
        panel: &dashboard::Panel,
        id: String,
        chosen: &BTreeMap<String, String>,
        profile: &str,
    ) -> Result<Self, String> {
        Ok(Self {
            id,
            title: panel.title.clone(),
            content: content_of(dashboard, panel, chosen)?,
            range: RANGE,
            profile: profile.to_owned(),
            file: PathBuf::new(),
            at: Position { line: 1, column: 1 },
            id_span: 0..0,
        })
    }

    /// Returns the panel of what a condition of a lab asks for; none where it asks no data source over time.
    ///
    /// Conditions are counted as [`crate::plan::conditions`] has them.
    pub fn of_condition(lab: &Lab, index: usize) -> Option<Self> {
        let mut conditions = lab.steady.iter().chain(&lab.expect).chain(&lab.after);
        let condition = conditions.nth(index)?;
        let content = match &condition.probe {
            Probe::Promql { query, .. } => {
                queries(PanelQuery::Promql(query.clone()), Look::TimeSeries)
            }
            Probe::Logql { query, .. } => {
                let look = if query.is_metric {
                    Look::TimeSeries
                } else {
                    Look::Lines
                };
                queries(PanelQuery::Logql(query.clone()), look)
            }
            Probe::Trace { search, .. } => Content::Traces(search.clone()),
            Probe::Alert { .. } => Content::Alerts,
            Probe::Panel(panel) => Content::Queries {
                queries: panel
                    .queries
                    .iter()
                    .map(|(_, query)| drawn(query.clone()))
                    .collect(),
                look: Look::TimeSeries,
                unit: Unit::None,
                states: Vec::new(),
                levels: Vec::new(),
            },
            Probe::Sql { .. }
            | Probe::Http { .. }
            | Probe::Container { .. }
            | Probe::Run { .. } => return None,
        };
        Some(Self {
            id: format!("{}-{index}", lab.id),
            title: condition.subject(),
            content,
            range: RANGE,
            profile: lab.profile.clone(),
            file: lab.file.clone(),
            at: condition.at,
            id_span: 0..0,
        })
    }

    /// Returns what is asked, as text to copy.
    pub fn asked(&self) -> Vec<String> {
        match &self.content {
            Content::Queries { queries, .. } => queries
                .iter()
                .map(|asked| match &asked.query {
                    PanelQuery::Promql(query) => query.text.clone(),
                    PanelQuery::Logql(query) => query.text.clone(),
                })
                .collect(),
            Content::Traces(search) => vec![format!("traces {search}")],
            Content::Alerts | Content::Dependencies => Vec::new(),
        }
    }
}

pub(super) fn content_of(
    dashboard: &Dashboard,
    panel: &dashboard::Panel,
    chosen: &BTreeMap<String, String>,
) -> Result<Content, String> {
    let queries = panel.targets.iter().map(|target| {
        let text = dashboard.expand(&target.query, chosen);
        Ok(Drawn {
            query: PanelQuery::parse(&target.source, &text)?,
            legend: target.legend.clone(),
        })
    });
    let queries = queries.collect::<Result<Vec<_>, String>>()?;
    Ok(Content::Queries {
        unit: Unit::of_grafana(&panel.unit),
        look: Look::of_grafana(&panel.kind),
        states: panel.states.clone(),
        levels: panel.levels.clone(),
        queries,
    })
}

fn drawn(query: PanelQuery) -> Drawn {
    Drawn {
        query,
        legend: String::new(),
    }
}

pub(super) fn queries(query: PanelQuery, look: Look) -> Content {
    let text = match &query {
        PanelQuery::Promql(query) => &query.text,
        PanelQuery::Logql(query) => &query.text,
    };
    Content::Queries {
        unit: Unit::of_query(text),
        queries: vec![drawn(query)],
        look,
        states: Vec::new(),
        levels: Vec::new(),
    }
}
