//! Text in HTML and SVG.

/// Returns `text` as it is written between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    escape_text(text).replace('"', "&quot;")
}

/// Returns `text` as it is written between tags, where quotes are what they are: queries and YAML have many.
pub fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_is_markup() {
        assert_eq!(escape("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
        assert_eq!(escape_text("<b a=\"&\">"), "&lt;b a=\"&amp;\"&gt;");
    }
}
