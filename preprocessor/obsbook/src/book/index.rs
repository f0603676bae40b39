//! An index of all labs, by signal, by fault and by difficulty: a list that needs no server.

use std::collections::BTreeMap;
use std::path::Path;

use obsbook_lab::block::Lab;

use super::load::LoadedBook;
use super::pages::item;

/// Returns the three lists, for the page of the file `from`.
pub(super) fn render(loaded: &LoadedBook, from: &Path) -> String {
    let labs: Vec<&Lab> = loaded.book.labs().collect();
    let labs = labs.as_slice();
    let by_signal = labs.iter().flat_map(|lab| {
        let signals = lab.signals().into_iter();
        signals.map(move |signal| (signal.to_string(), *lab))
    });
    // What breaks a challenge is for its reader to find.
    let open = labs.iter().filter(|lab| lab.challenge.is_none());
    let by_fault = open.flat_map(|lab| {
        let faults = lab.inject.iter().flatten();
        faults.map(move |fault| (fault.kind.word().to_owned(), *lab))
    });
    let by_difficulty = loaded
        .paths
        .iter()
        .enumerate()
        .flat_map(move |(place, path)| {
            let ids = path.skills.iter().flat_map(|skill| &skill.labs);
            let found = ids.filter_map(move |id| labs.iter().find(|lab| lab.id == *id.as_ref()));
            // In the order of the ways, which is that of difficulty.
            found.map(move |lab| ((place, path.name.clone()), *lab))
        });
    [
        section("By signal", grouped(by_signal), |name| name, (loaded, from)),
        section("By fault", grouped(by_fault), |name| name, (loaded, from)),
        section(
            "By difficulty",
            grouped(by_difficulty),
            |(_, name)| name,
            (loaded, from),
        ),
    ]
    .concat()
}

fn grouped<'l, K: Ord>(pairs: impl Iterator<Item = (K, &'l Lab)>) -> BTreeMap<K, Vec<&'l Lab>> {
    let mut groups: BTreeMap<K, Vec<&Lab>> = BTreeMap::new();
    for (key, lab) in pairs {
        let group = groups.entry(key).or_default();
        if !group.iter().any(|known| known.id == lab.id) {
            group.push(lab);
        }
    }
    groups
}

/// Headings are Markdown's, so that they have anchors, as every other has.
fn section<K>(
    title: &str,
    groups: BTreeMap<K, Vec<&Lab>>,
    name: impl Fn(&K) -> &String,
    (loaded, from): (&LoadedBook, &Path),
) -> String {
    let mut out = format!("## {title}\n\n");
    for (key, labs) in &groups {
        out.push_str(&format!(
            "### {}\n\n<ul class=\"obsbook-labs\">\n",
            name(key)
        ));
        for lab in labs {
            if let Some(chapter) = loaded.book.chapter_of(lab) {
                out.push_str(&item(chapter, lab, from));
            }
        }
        out.push_str("</ul>\n\n");
    }
    out
}
