//! The Content Security Policy of a page: nothing from elsewhere, and of scripts in the page only those that it was built with.
//! Syntax: <https://www.w3.org/TR/CSP3/>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Returns the policy of a page with this `html`; `framed` for what mdBook itself shows in a frame.
pub(super) fn policy(html: &str, framed: bool) -> String {
    let scripts = sources(&inside(html, "script"));
    let styles = sources(&inside(html, "style"));
    // Attributes match by their content only where that is said; mdBook's own pages have one.
    let attributes = match sources(&attributes(html)) {
        none if none.is_empty() => " 'none'".to_owned(),
        known => format!(" 'unsafe-hashes'{known}"),
    };
    let ancestors = if framed { "'self'" } else { "'none'" };
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; style-src-attr{attributes}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}

/// Returns what `texts` are in a policy: each by its hash, once.
fn sources(texts: &[&str]) -> String {
    let mut out = String::new();
    for text in texts {
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        let source = format!(" 'sha256-{hash}'");
        if !out.contains(&source) {
            out.push_str(&source);
        }
    }
    out
}

/// What the attributes `style` of the page hold.
fn attributes(html: &str) -> Vec<&str> {
    let values = html.split(" style=\"").skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

/// What each inline `element` holds.
fn inside<'h>(html: &'h str, element: &str) -> Vec<&'h str> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find(&open) {
        rest = &rest[start + open.len()..];
        let Some(end_of_tag) = rest.find('>') else {
            break;
        };
        let attributes = &rest[..end_of_tag];
        let Some(end) = rest.find(&close) else {
            break;
        };
        let body = &rest[end_of_tag + 1..end.max(end_of_tag + 1)];
        rest = &rest[end..];
        if !attributes.contains("src=") && !body.is_empty() {
            found.push(body);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_named_by_their_content() {
        // The hash of `doSomething();`, from CSP3's own example.
        let html = "<script>doSomething();</script><script src=\"a.js\"></script><script>doSomething();</script><style></style>";
        let policy = policy(html, false);
        assert!(
            policy.contains("script-src 'self' 'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='; style-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        assert!(policy.contains("style-src-attr 'none';"));
    }

    #[test]
    fn an_attribute_is_named_by_its_content_and_opens_nothing_else() {
        let policy = policy("<div style=\"clear: both\"></div>", false);
        assert!(
            policy.contains("style-src-attr 'unsafe-hashes' 'sha256-matwEc6givhWX0+jiSfM1+E5UMk8/UGLdl902bjFBmY=';"),
            "{policy}"
        );
        assert!(policy.contains("script-src 'self';"), "{policy}");
    }

    #[test]
    fn what_never_ends_is_left_out() {
        for html in ["<script>", "<script", "<script>x", ""] {
            assert!(policy(html, false).contains("script-src 'self';"), "{html}");
        }
    }
}
