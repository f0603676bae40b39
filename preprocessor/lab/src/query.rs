//! What is looked at in a query of any language before it is parsed.

/// Far above any query that a page can show; parts may be nested inside one another as often as there are characters.
const LONGEST: usize = 2_000;
/// Brackets inside one another.
const DEEPEST: usize = 100;

/// Returns whether a query is small enough that a parser may follow it to its depth.
///
/// # Errors
/// A lowercase fragment.
pub(crate) fn check_size(text: &str) -> Result<(), String> {
    if text.chars().count() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters"));
    }
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!(
                "brackets inside one another, more than {DEEPEST} deep"
            ));
        }
    }
    Ok(())
}
