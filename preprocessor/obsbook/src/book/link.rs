//! Links from one page of the rendered book to another.

use std::path::{Path, PathBuf};

use obsbook_lab::block::Lab;
use obsbook_lab::book::Chapter;
use obsbook_lab::markup::escape;

/// Returns the address of a lab's card as the page of the file `from` writes it. Its chapter's file and `from` are relative to
/// the same folder.
pub(super) fn to_lab(lab: &Lab, chapter: &Chapter, from: &Path) -> String {
    let way = between(from, &page(&chapter.file));
    format!("{}#lab-{}", escape(&way.display().to_string()), lab.id)
}

/// mdBook makes `index.html` of a README.
fn page(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default();
    if stem.eq_ignore_ascii_case("readme") {
        file.with_file_name("index.html")
    } else {
        file.with_extension("html")
    }
}

fn between(from: &Path, to: &Path) -> PathBuf {
    let folder = from.parent().unwrap_or(Path::new(""));
    let (folder, target): (Vec<_>, Vec<_>) =
        (folder.components().collect(), to.components().collect());
    let pairs = folder.iter().zip(&target);
    let shared = pairs.take_while(|(one, other)| one == other).count();
    let up = folder[shared..].iter().map(|_| Path::new(".."));
    let down = target[shared..]
        .iter()
        .map(|part| Path::new(part.as_os_str()));
    up.chain(down).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_another_by_the_shortest_way() {
        let check = |from: &str, to: &str, expected: &str| {
            let way = between(Path::new(from), &page(Path::new(to)));
            assert_eq!(way, Path::new(expected), "{from} to {to}");
        };
        check("src/a.md", "src/a.md", "a.html");
        check("src/a.md", "src/deep/b.md", "deep/b.html");
        check("src/deep/b.md", "src/a.md", "../a.html");
        check("src/deep/b.md", "src/deep/c.md", "c.html");
        check(
            "src/deep/b.md",
            "src/other/README.md",
            "../other/index.html",
        );
    }
}
