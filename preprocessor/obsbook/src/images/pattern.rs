//! Path patterns, as Dockerfiles and `.dockerignore` files write them.

/// Returns whether a path (with `/` between its parts) matches a pattern, in which `*` and `?` stay
/// within one part and `**` stands for any number of parts.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = parts(pattern).collect();
    let path: Vec<&str> = parts(path).collect();
    matches_parts(&pattern, &path)
}

/// As [`matches`], or the path lies in a folder that matches.
pub(super) fn covers(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = parts(pattern).collect();
    let path: Vec<&str> = parts(path).collect();
    (0..=path.len()).any(|length| matches_parts(&pattern, &path[..length]))
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

fn matches_parts(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skip| matches_parts(rest, &path[skip..])),
        Some((first, rest)) => path.split_first().is_some_and(|(part, others)| {
            matches_part(first.as_bytes(), part.as_bytes()) && matches_parts(rest, others)
        }),
    }
}

fn matches_part(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skip| matches_part(rest, &text[skip..])),
        Some((b'?', rest)) => text
            .split_first()
            .is_some_and(|(_, text)| matches_part(rest, text)),
        Some((b'[', rest)) => matches_class(rest, text),
        Some((b'\\', [literal, rest @ ..])) => {
            text.first() == Some(literal) && matches_part(rest, &text[1..])
        }
        Some((literal, rest)) => text.first() == Some(literal) && matches_part(rest, &text[1..]),
    }
}

/// A class without its opening bracket, such as `a-z]rest`.
fn matches_class(pattern: &[u8], text: &[u8]) -> bool {
    let Some(end) = pattern.iter().position(|byte| *byte == b']') else {
        return false;
    };
    let (class, rest) = (&pattern[..end], &pattern[end + 1..]);
    let (negated, class) = match class.strip_prefix(b"^") {
        Some(class) => (true, class),
        None => (false, class),
    };
    let Some((byte, text)) = text.split_first() else {
        return false;
    };
    let mut found = false;
    let mut at = 0;
    while at < class.len() {
        if let [low, b'-', high, ..] = class[at..] {
            found |= (low..=high).contains(byte);
            at += 3;
        } else {
            found |= class[at] == *byte;
            at += 1;
        }
    }
    found != negated && matches_part(rest, text)
}

/// The patterns of a `.dockerignore` file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ignore {
    rules: Vec<(bool, String)>,
}

impl Ignore {
    pub(super) fn parse(text: &str) -> Ignore {
        let rules = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ignore {
            rules: rules
                .map(|line| match line.strip_prefix('!') {
                    Some(pattern) => (false, pattern.trim().to_owned()),
                    None => (true, line.to_owned()),
                })
                .collect(),
        }
    }

    /// Whether a path of the context is left out; the last rule that covers it decides.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        self.rules
            .iter()
            .rev()
            .find(|(_, pattern)| covers(pattern, path))
            .is_some_and(|(out, _)| *out)
    }

    /// Whether a folder is left out with all that could be in it: no exception may lead into it.
    pub(super) fn prunes(&self, folder: &str) -> bool {
        self.leaves_out(folder) && self.rules.iter().all(|(out, _)| *out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_parts() {
        let check = |pattern: &str, path: &str, expected: bool| {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        };
        check("go.mod", "go.mod", true);
        check("./go.*", "go.sum", true);
        check("*", "a/b", false);
        check("**/*_test.go", "internal/api_test.go", true);
        check("**/*_test.go", "api_test.go", true);
        check("a/**", "a/b/c", true);
        check("[a-c]?", "b1", true);
        check("[^a-c]", "b", false);
        check("a\\*", "a*", true);
        check("a", "ab", false);
    }

    #[test]
    fn the_last_rule_decides() {
        let ignore = Ignore::parse("# all\n*\n!services/worker\nservices/worker/**/*_test.go\n");
        let check =
            |path: &str, expected: bool| assert_eq!(ignore.leaves_out(path), expected, "{path}");
        check("proto/orders.proto", true);
        check("services/worker/main.go", false);
        check("services/worker/internal/api_test.go", true);
        assert!(!ignore.prunes("services"));
        assert!(Ignore::parse("node_modules").prunes("node_modules/x"));
    }
}
