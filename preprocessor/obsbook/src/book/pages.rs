//! Pages that live on the server's answers: a chapter has `{{#obsbook NAME}}` where one stands.

use std::path::Path;

use obsbook_lab::block::Lab;
use obsbook_lab::book::{Book, Chapter};
use obsbook_lab::markup::escape;

use super::index;
use super::link;
use super::load::LoadedBook;

const OPEN: &str = "{{#obsbook ";
const CLOSE: &str = "}}";
/// What there is: its name, and what stands there without a live server.
const PAGES: [(&str, &str); 4] = [
    ("stack", "The services, their health and their memory"),
    ("dashboards", "Every dashboard, drawn"),
    ("progress", "What you have done, chapter by chapter"),
    ("skills", "What you have done, by what it teaches"),
];
/// What needs no server.
const INDEX: &str = "labs";

/// Returns `content`, the text of the file `from`, with every such mark replaced; one of an unknown name stays, and mdBook says so.
pub(super) fn with_pages(content: &str, loaded: &LoadedBook, from: &Path) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(start) = rest.find(OPEN) {
        let (before, found) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = found.find(CLOSE) else {
            rest = found;
            break;
        };
        let name = found[OPEN.len()..end].trim();
        // In a code span it is spelled, and not meant.
        let is_meant = before.is_empty() || before.ends_with('\n');
        match PAGES
            .iter()
            .find(|(known, _)| *known == name)
            .filter(|_| is_meant)
        {
            Some((name, words)) => out.push_str(&page(name, words, loaded, from)),
            None if name == INDEX && is_meant => out.push_str(&index::render(loaded, from)),
            None => out.push_str(&found[..end + CLOSE.len()]),
        }
        rest = &found[end + CLOSE.len()..];
    }
    out.push_str(rest);
    out
}

fn page(name: &str, words: &str, loaded: &LoadedBook, from: &Path) -> String {
    let list = match name {
        "progress" => chapters(&loaded.book, from),
        "skills" => skills(loaded, from),
        _ => String::new(),
    };
    format!(
        "<section class=\"obsbook-page\" data-page=\"{name}\">\n<p class=\"panel-off\">{words}: shown here while <code>obsbook serve</code> runs.</p>\n{list}</section>"
    )
}

/// Every chapter with its labs, as a list that reads well by itself and that a script can mark.
fn chapters(book: &Book, from: &Path) -> String {
    let mut out = String::new();
    for (index, chapter) in book.chapters.iter().enumerate() {
        let labs = book.blocks.iter().filter(|block| block.chapter == index);
        let items: String = labs
            .filter_map(|block| block.lab.as_ref())
            .map(|lab| item(chapter, lab, from))
            .collect();
        if !items.is_empty() {
            out.push_str(&format!(
                "<h4>{}</h4>\n<ul class=\"obsbook-labs\">\n{items}</ul>\n",
                escape(&chapter.name)
            ));
        }
    }
    out
}

/// Every way with its skills and their labs.
fn skills(loaded: &LoadedBook, from: &Path) -> String {
    let mut out = String::new();
    for path in &loaded.paths {
        out.push_str(&format!(
            "<h4>{}</h4>\n<p>{}</p>\n<ul class=\"obsbook-skills\">\n",
            escape(&path.name),
            escape(&path.about)
        ));
        for skill in &path.skills {
            let labs = skill
                .labs
                .iter()
                .filter_map(|id| loaded.book.labs().find(|lab| lab.id == *id.as_ref()));
            let items = labs.filter_map(|lab| Some(item(loaded.book.chapter_of(lab)?, lab, from)));
            out.push_str(&format!(
                "<li data-skill><strong>{}</strong>\n<ul class=\"obsbook-labs\">\n{}</ul></li>\n",
                escape(&skill.name),
                items.collect::<String>()
            ));
        }
        out.push_str("</ul>\n");
    }
    out
}

/// A lab as an item of a list that a script can mark, on the page of the file `from`.
pub(super) fn item(chapter: &Chapter, lab: &Lab, from: &Path) -> String {
    format!(
        "<li data-lab-done=\"{id}\"><a href=\"{}\">{}</a> <span class=\"obsbook-kind\">{}</span></li>\n",
        link::to_lab(lab, chapter, from),
        escape(&lab.title),
        lab.kind.word(),
        id = lab.id,
    )
}
