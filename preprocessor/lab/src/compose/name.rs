//! The name of a compose project.

/// Returns whether `docker compose` takes a name as it is.
pub fn is_project_name(name: &str) -> bool {
    !name.is_empty() && as_project_name(name).as_deref() == Some(name)
}

/// Returns the name that `docker compose` makes of a folder's, or of `name` in a compose file; `None` when nothing is left of it.
pub fn as_project_name(text: &str) -> Option<String> {
    let fine = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let name: String = text.to_lowercase().chars().filter(fine).collect();
    let name = name.trim_start_matches(['-', '_']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_as_compose_makes_it() {
        for (text, expected) in [
            ("shop", Some("shop")),
            ("My Shop.2", Some("myshop2")),
            ("_-a_b-", Some("a_b-")),
            ("-_\u{c4}", None),
            ("", None),
        ] {
            assert_eq!(as_project_name(text).as_deref(), expected, "{text}");
            assert_eq!(
                is_project_name(text),
                expected == Some(text) && !text.is_empty(),
                "{text}"
            );
        }
    }
}
