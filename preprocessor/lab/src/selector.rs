//! Which labs to run: `chapter-N`, a chapter's file stem, a lab id, `tag:NAME`.

use crate::block::Lab;
use crate::book::Book;
use crate::suggest;

/// A selector that matches no lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMatch {
    /// A lowercase fragment.
    pub message: String,
    /// What could be meant.
    pub hint: String,
}

/// Returns the labs that any of `selectors` matches, in the book's order; all of them when there is no selector.
///
/// A challenge breaks the stack until somebody mends it, so only its id matches it.
///
/// # Errors
/// The first selector that matches nothing.
pub fn select<'b>(book: &'b Book, selectors: &[String]) -> Result<Vec<&'b Lab>, NoMatch> {
    let by_id = |lab: &Lab| selectors.contains(&lab.id);
    let labs = all(book).filter(|(lab, _)| lab.challenge.is_none() || by_id(lab));
    among(book, &labs.collect::<Vec<_>>(), selectors)
}

/// Returns the labs that any of `selectors` matches, challenges as well: what can be proven of each is undone at its end.
///
/// # Errors
/// The first selector that matches nothing.
pub fn select_to_prove<'b>(book: &'b Book, selectors: &[String]) -> Result<Vec<&'b Lab>, NoMatch> {
    among(book, &all(book).collect::<Vec<_>>(), selectors)
}

fn all(book: &Book) -> impl Iterator<Item = (&Lab, usize)> {
    let blocks = book.blocks.iter();
    blocks.filter_map(|block| Some((block.lab.as_ref()?, block.chapter)))
}

/// Returns the queries of the prose that any of `selectors` matches, as [`select`] does labs.
///
/// # Errors
/// The first selector that matches nothing.
pub fn select_queries<'b>(book: &'b Book, selectors: &[String]) -> Result<Vec<&'b Lab>, NoMatch> {
    let queries = book.queries.iter().map(|(lab, chapter)| (lab, *chapter));
    among(book, &queries.collect::<Vec<_>>(), selectors)
}

fn among<'b>(
    book: &'b Book,
    labs: &[(&'b Lab, usize)],
    selectors: &[String],
) -> Result<Vec<&'b Lab>, NoMatch> {
    if let Some(selector) = selectors.iter().find(|selector| {
        !labs
            .iter()
            .any(|(lab, chapter)| matches(book, selector, lab, *chapter))
    }) {
        return Err(no_match(book, selector));
    }
    Ok(labs
        .iter()
        .filter(|(lab, chapter)| {
            selectors.is_empty()
                || selectors
                    .iter()
                    .any(|selector| matches(book, selector, lab, *chapter))
        })
        .map(|(lab, _)| *lab)
        .collect())
}

fn matches(book: &Book, selector: &str, lab: &Lab, chapter: usize) -> bool {
    let chapter = &book.chapters[chapter];
    if let Some(tag) = selector.strip_prefix("tag:") {
        return lab.tags.iter().any(|known| known == tag);
    }
    if let Some(number) = chapter_number(selector) {
        return chapter.number.first() == Some(&number);
    }
    lab.id == selector || chapter.stem() == selector
}

fn chapter_number(selector: &str) -> Option<u32> {
    selector.strip_prefix("chapter-")?.parse().ok()
}

fn no_match(book: &Book, selector: &str) -> NoMatch {
    let chapters = || book.chapters.iter();
    let exists = match chapter_number(selector) {
        Some(number) => chapters().any(|chapter| chapter.number.first() == Some(&number)),
        None => chapters().any(|chapter| chapter.stem() == selector),
    };
    let message = if exists {
        format!("`{selector}` has no labs")
    } else {
        format!("`{selector}` matches no lab")
    };
    let mut known: Vec<String> = book.labs().map(|lab| lab.id.clone()).collect();
    known.extend(chapters().map(crate::book::Chapter::selector));
    known.extend(chapters().map(crate::book::Chapter::stem));
    known.extend(
        book.labs()
            .flat_map(|lab| &lab.tags)
            .map(|tag| format!("tag:{tag}")),
    );
    if let Some(number) = chapter_number(selector) {
        let last = chapters()
            .filter_map(|chapter| chapter.number.first())
            .max();
        let last = last.copied().unwrap_or_default();
        let hint = if exists || last == 0 {
            "`obsbook list` shows every lab with its chapter".to_owned()
        } else {
            format!("there is no chapter {number}: the book's sections are numbered 1 to {last}")
        };
        return NoMatch { message, hint };
    }
    let hint = match suggest::nearest(selector, known.iter().map(String::as_str)) {
        Some(near) if near != selector => format!("did you mean `{near}`?"),
        _ => "`obsbook list` shows every lab; select by chapter-N, a chapter's file name, a lab's id or tag:NAME".to_owned(),
    };
    NoMatch { message, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{Document, Role};
    use crate::span::SourceFile;

    fn book() -> Book {
        let lab = |id: &str, tag: &str| {
            format!(
                "```lab\nid: {id}\ntitle: t\ntags: [{tag}]\ninject: [{{kill: api}}]\nexpect:\n  - container: api\n    is: exited\n```\n"
            )
        };
        let chapter = |path: &str, number: Vec<u32>, text: String| Document {
            source: SourceFile::new(path, text),
            role: Role::Chapter {
                name: path.to_owned(),
                number,
            },
        };
        Book::read(
            &[
                chapter("src/intro.md", vec![], String::new()),
                chapter("src/sandbox.md", vec![1], lab("one", "slow")),
                chapter("src/metrics.md", vec![2], lab("two", "fast")),
                chapter("src/metrics/more.md", vec![2, 1], lab("three", "slow")),
            ],
            &crate::surroundings::Surroundings {
                profile: "core".to_owned(),
                ..Default::default()
            },
        )
    }

    fn check(selectors: &[&str], expected: &[&str]) {
        let book = book();
        let selectors: Vec<String> = selectors.iter().map(ToString::to_string).collect();
        let found = select(&book, &selectors).expect("a match");
        let ids: Vec<_> = found.iter().map(|lab| lab.id.as_str()).collect();
        assert_eq!(ids, expected, "{selectors:?}");
    }

    #[test]
    fn labs_are_selected_by_chapter_stem_id_and_tag() {
        check(&[], &["one", "two", "three"]);
        check(&["chapter-2"], &["two", "three"]);
        check(&["metrics"], &["two"]);
        check(&["three", "one"], &["one", "three"]);
        check(&["tag:slow"], &["one", "three"]);
    }

    #[test]
    fn a_challenge_is_selected_by_its_id_alone_unless_it_is_to_be_proven() {
        let mut book = book();
        let mut lab = book.blocks[1].lab.clone().expect("a lab");
        lab.challenge = Some(crate::block::Challenge {
            solution: "solutions/two.sh".into(),
            wrong_fixes: Vec::new(),
            questions: Vec::new(),
        });
        book.blocks[1].lab = Some(lab);
        let ids = |found: Result<Vec<&Lab>, NoMatch>| {
            let found = found.map_err(|error| error.message);
            found.map(|labs| labs.iter().map(|lab| lab.id.clone()).collect::<Vec<_>>())
        };
        let chapter = ["chapter-2".to_owned()];
        assert_eq!(
            ids(select(&book, &[])),
            Ok(vec!["one".into(), "three".into()])
        );
        assert_eq!(ids(select(&book, &chapter)), Ok(vec!["three".into()]));
        assert_eq!(
            ids(select(&book, &["two".to_owned()])),
            Ok(vec!["two".into()])
        );
        assert_eq!(
            ids(select_to_prove(&book, &chapter)),
            Ok(vec!["two".into(), "three".into()])
        );
    }

    #[test]
    fn a_selector_that_matches_nothing_says_what_could_be_meant() {
        for (selector, message, hint) in [
            (
                "chaptr-2",
                "`chaptr-2` matches no lab",
                "did you mean `chapter-2`?",
            ),
            (
                "chapter-9",
                "`chapter-9` matches no lab",
                "there is no chapter 9",
            ),
            ("intro", "`intro` has no labs", "`obsbook list`"),
            (
                "tag:slo",
                "`tag:slo` matches no lab",
                "did you mean `tag:slow`?",
            ),
        ] {
            let error = select(&book(), &[selector.to_owned()]).expect_err(selector);
            assert_eq!(error.message, message);
            assert!(error.hint.starts_with(hint), "{selector}: {}", error.hint);
        }
    }
}
