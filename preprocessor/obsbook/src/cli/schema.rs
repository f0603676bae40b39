//! `obsbook schema`: the JSON Schema of what authors write.

use obsbook_lab::block::schema;
use obsbook_lab::verdict::ExitStatus;

use super::args::Document;
use crate::terminal::out;

pub(super) fn run(of: Document) -> ExitStatus {
    let schema = match of {
        Document::Lab => schema::lab(),
        Document::Panel => schema::panel(),
        Document::Quiz => schema::quiz(),
        Document::Scenario => schema::scenario(),
    };
    out!("{schema:#}");
    ExitStatus::Success
}
