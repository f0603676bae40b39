//! Who may ask: pages of this server, and pages of a book server that was named; nobody else, whatever a browser is made to send.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// The header that carries the token of state-changing calls. A foreign page cannot send it: a browser asks first, and is refused.
pub(super) const TOKEN: &str = "x-obsbook-token";
/// Names under which a browser reaches a loopback address.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// What is let in.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    hosts: BTreeSet<String>,
    own: BTreeSet<String>,
    foreign: BTreeSet<String>,
    token: String,
}

/// Why a request is refused: the status, and what is said.
pub(super) type Refusal = (u16, &'static str);

impl Guard {
    /// Returns the guard of a server on `address` that lets in pages of `origins` as well.
    pub(super) fn new(address: SocketAddr, origins: &[String], token: String) -> Self {
        let port = address.port();
        let hosts = || LOOPBACK.into_iter().map(|name| format!("{name}:{port}"));
        Self {
            hosts: hosts().collect(),
            own: hosts().map(|host| format!("http://{host}")).collect(),
            foreign: origins.iter().cloned().collect(),
            token,
        }
    }

    /// Returns the token of this process.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Checks what every request must have: a `Host` that is this server's. A name that an attacker's DNS leads here is none.
    pub(super) fn host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(header::HOST).into_iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        match (host, hosts.next()) {
            (Some(host), None) if self.hosts.contains(&host.to_ascii_lowercase()) => Ok(()),
            _ => Err((421, "this server answers only under its loopback address")),
        }
    }

    /// Checks a call of the interface, and returns the foreign origin that may read the answer, if that is who asks.
    pub(super) fn call(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let origin = headers.get(header::ORIGIN);
        let named = origin.map(|origin| origin.to_str().unwrap_or_default());
        let is_own = named.is_none_or(|origin| self.own.contains(origin));
        let is_foreign = named.is_some_and(|origin| self.foreign.contains(origin));
        if !is_own && !is_foreign {
            return Err((403, "pages of this origin may not ask"));
        }
        let site = headers
            .get("sec-fetch-site")
            .map(|site| site.to_str().unwrap_or_default());
        let from_elsewhere = site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
        if from_elsewhere && !is_foreign {
            return Err((403, "pages of another site may not ask"));
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            if named.is_none() {
                return Err((403, "a call that changes something names its origin"));
            }
            let token = headers.get(TOKEN).map(HeaderValue::as_bytes);
            if !token.is_some_and(|token| same(token, self.token.as_bytes())) {
                return Err((
                    403,
                    "a call that changes something carries the server's token; reload the page",
                ));
            }
        }
        Ok(origin.filter(|_| is_foreign).cloned())
    }

    /// Returns the origin of a browser's question before a call from another origin, if it may make it.
    pub(super) fn preflight(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let allowed = origin
            .to_str()
            .is_ok_and(|origin| self.foreign.contains(origin));
        allowed.then(|| origin.clone())
    }
}

/// Compares without telling by the time taken how much was right.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |all, (left, right)| all | (left ^ right))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        let address = "127.0.0.1:3001".parse().expect("an address");
        Guard::new(
            address,
            &["http://localhost:3000".to_owned()],
            "secret".to_owned(),
        )
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn only_loopback_names_with_the_port_are_hosts() {
        let check = |lines: &[(&'static str, &str)], expected: bool| {
            assert_eq!(guard().host(&headers(lines)).is_ok(), expected, "{lines:?}");
        };
        for host in [
            "127.0.0.1:3001",
            "localhost:3001",
            "LOCALHOST:3001",
            "[::1]:3001",
        ] {
            check(&[("host", host)], true);
        }
        for host in [
            "localhost",
            "localhost:3000",
            "evil.example:3001",
            "127.0.0.1.evil.example:3001",
            "0.0.0.0:3001",
            "localhost:3001.evil.example",
            "",
            "localhost.:3001",
            "127.1:3001",
        ] {
            check(&[("host", host)], false);
        }
        check(&[], false);
        check(
            &[("host", "localhost:3001"), ("host", "evil.example")],
            false,
        );
        check(
            &[
                ("host", "evil.example"),
                ("x-forwarded-host", "localhost:3001"),
            ],
            false,
        );
    }

    #[test]
    fn a_change_needs_origin_and_token() {
        let check = |method: Method, lines: &[(&'static str, &str)], expected: bool| {
            assert_eq!(
                guard().call(&method, &headers(lines)).is_ok(),
                expected,
                "{method} {lines:?}"
            );
        };
        let own = ("origin", "http://127.0.0.1:3001");
        let token = (TOKEN, "secret");
        check(Method::POST, &[own, token], true);
        check(
            Method::POST,
            &[
                ("origin", "http://localhost:3000"),
                token,
                ("sec-fetch-site", "same-site"),
            ],
            true,
        );
        check(Method::POST, &[own], false);
        check(Method::POST, &[own, (TOKEN, "secre")], false);
        check(Method::POST, &[own, (TOKEN, "secret2")], false);
        check(Method::POST, &[token], false);
        check(Method::POST, &[("origin", "null"), token], false);
        check(
            Method::POST,
            &[("origin", "http://localhost:3002"), token],
            false,
        );
        check(
            Method::POST,
            &[("origin", "https://127.0.0.1:3001"), token],
            false,
        );
        check(
            Method::POST,
            &[own, token, ("sec-fetch-site", "cross-site")],
            false,
        );
        check(Method::DELETE, &[own], false);
    }

    #[test]
    fn a_foreign_page_may_not_even_read() {
        let check = |lines: &[(&'static str, &str)], expected: bool| {
            assert_eq!(
                guard().call(&Method::GET, &headers(lines)).is_ok(),
                expected,
                "{lines:?}"
            );
        };
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "http://evil.example")], false);
        check(
            &[
                ("origin", "http://localhost:3000"),
                ("sec-fetch-site", "same-site"),
            ],
            true,
        );
    }

    #[test]
    fn only_a_named_origin_is_told_that_it_may() {
        let check = |origin: &str, expected: bool| {
            assert_eq!(
                guard().preflight(&headers(&[("origin", origin)])).is_some(),
                expected,
                "{origin}"
            );
        };
        check("http://localhost:3000", true);
        check("http://localhost:3000.evil.example", false);
        check("http://localhost:30000", false);
        check("null", false);
    }
}
