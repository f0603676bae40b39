//! Variables in compose files, and the files that set them.

use std::collections::BTreeMap;

/// Looks a variable up; `None` when it is not set.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns `text` with its variables replaced as Compose replaces them: `$X`, `${X}`, `${X:-else}`, `${X:+instead}`, `${X:?why}`, each
/// also without the colon, and `$$` for one dollar. What is not set is empty.
///
/// # Errors
/// What Compose refuses: a variable that must be set and is not, or no variable behind a `$`.
pub(super) fn interpolate(text: &str, variables: Variables<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = after.strip_prefix('{') {
            let end =
                closing(inside).ok_or_else(|| format!("a `${{` without its end in `{text}`"))?;
            out.push_str(&braced(&inside[..end], variables)?);
            rest = &inside[end + 1..];
        } else {
            let (name, after) = split_name(after);
            if name.is_empty() {
                return Err(format!(
                    "a `$` without a variable in `{text}`; one dollar is `$$`"
                ));
            }
            out.push_str(&variables(name).unwrap_or_default());
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn braced(inside: &str, variables: Variables<'_>) -> Result<String, String> {
    let (name, rest) = split_name(inside);
    let value = variables(name);
    let (filled, operator) = match rest.strip_prefix(':') {
        Some(operator) => (value.clone().filter(|value| !value.is_empty()), operator),
        None => (value.clone(), rest),
    };
    let mut word = operator.chars();
    match (name.is_empty(), word.next()) {
        (false, None) if rest.is_empty() => Ok(value.unwrap_or_default()),
        (false, Some('-')) => match filled {
            Some(value) => Ok(value),
            None => interpolate(word.as_str(), variables),
        },
        (false, Some('+')) => match filled {
            Some(_) => interpolate(word.as_str(), variables),
            None => Ok(String::new()),
        },
        (false, Some('?')) => {
            let why = word.as_str();
            filled.ok_or_else(|| format!("the variable {name} must be set: {why}"))
        }
        _ => Err(format!("`${{{inside}}}` is no variable")),
    }
}

/// Returns where the brace is closed that was opened before `inside`.
fn closing(inside: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn split_name(text: &str) -> (&str, &str) {
    let fine = |(at, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())
    };
    let end = text.char_indices().find(|place| !fine(*place));
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// Returns what a `.env` file sets. Values of other lines, and those that `variables` knows, are replaced in it.
pub fn dotenv(text: &str, variables: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let value = value.trim();
        let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
        let value = if let Some(value) = quoted('\'') {
            value.to_owned()
        } else {
            let plain = value.split(" #").next().unwrap_or_default().trim_end();
            let value = quoted('"').unwrap_or(plain);
            let known = |name: &str| variables(name).or_else(|| set.get(name).cloned());
            interpolate(value, &known).unwrap_or_else(|_| value.to_owned())
        };
        set.insert(name.trim().to_owned(), value);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "SET" => Some("set".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_as_compose_replaces_them() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$SET-${SET}", "set-set"),
            ("$$SET $NONE.", "$SET ."),
            ("${NONE:-a}${EMPTY:-b}${EMPTY-c}${NONE-d}", "abd"),
            ("${NONE:-${OTHER-deep}}}", "deep}"),
            ("${SET:+yes}${EMPTY:+no}${EMPTY+yes}", "yesyes"),
            ("${SET:?why}", "set"),
            ("127.0.0.1:${PORT:-8080}:80", "127.0.0.1:8080:80"),
        ] {
            assert_eq!(
                interpolate(text, &variables).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        for (text, expected) in [
            ("${NONE:?why}", "NONE must be set: why"),
            ("${EMPTY:?}", "EMPTY must be set"),
            ("${SET", "without its end"),
            ("${}", "is no variable"),
            ("${SET:}", "is no variable"),
            ("a $ b", "one dollar is `$$`"),
        ] {
            let error = interpolate(text, &variables).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_of_variables_is_read_as_compose_reads_it() {
        let text = "# no=no\nA=1\nexport B = two words # why\nC='$A' # raw\nD=\"$A # ${SET}\"\n\nnothing\nE=\n";
        let set: Vec<_> = dotenv(text, &variables).into_iter().collect();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "$A"),
            ("D", "1 # set"),
            ("E", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(set, expected);
    }
}
