//! Versions, as tools and packages write them.

/// The oldest Compose that reads the model: its `include` takes an `env_file` each.
pub(super) const COMPOSE: (u32, u32) = (2, 24);

/// Returns whether a version is at least `wanted`, given as major and minor. Understands `v2.40.3`
/// and Debian's `1:2.26.1-4` and `2.40.3+ds1-0ubuntu1`; what it does not understand is too old.
pub(super) fn at_least(version: &str, wanted: (u32, u32)) -> bool {
    parse(version).is_some_and(|found| found >= wanted)
}

fn parse(version: &str) -> Option<(u32, u32)> {
    // An epoch says how often the packagers changed their counting, nothing of the software.
    let upstream = version
        .trim()
        .rsplit_once(':')
        .map_or(version.trim(), |(_, rest)| rest);
    let mut numbers = upstream.trim_start_matches('v').split('.');
    let number = |text: &str| {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    };
    Some((
        number(numbers.next()?)?,
        numbers.next().and_then(number).unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, expected: bool) {
        assert_eq!(at_least(version, COMPOSE), expected, "{version}");
    }

    #[test]
    fn compose_must_be_new_enough() {
        check("2.40.3", true);
        check("v2.24.0", true);
        check("2.24.6+ds1-0ubuntu2", true);
        check("2.26.1-4", true);
        check("5.0.1-1~debian.13~trixie", true);
        check("1:3.0-1", true);
        check("2.3.3", false);
        check("1.29.2-3", false);
        check("2.23.9-rc.1", false);
        check("3", true);
        check("dev", false);
        check("", false);
    }
}
