//! Addresses in blocks: `service/path` or `service:port/path`, never a host.

use std::fmt;

use crate::comparison::ComparisonError as AddressError;

/// A place in the running stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The compose service.
    pub service: String,
    /// The port inside its container; the service's own default when absent.
    pub port: Option<u16>,
    /// The path with its query, beginning with `/`.
    pub path: String,
}

impl Address {
    /// Returns the address that `text` spells.
    ///
    /// # Errors
    /// A URL, a local address, or a port that is none.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let hint =
            "the service and the path, such as `web-gateway/healthz`; obsbook finds the port"
                .to_owned();
        let refuse = |message: String| {
            Err(AddressError {
                message,
                hint: hint.clone(),
            })
        };
        if text.contains("://") {
            return refuse("an address is not a URL".to_owned());
        }
        let (host, path) = match text.split_once('/') {
            Some((host, path)) => (host, format!("/{path}")),
            None => (text, "/".to_owned()),
        };
        let (service, port) = match host.split_once(':') {
            Some((service, port)) => match port.parse::<u16>() {
                Ok(port) if port > 0 => (service, Some(port)),
                _ => return refuse(format!("`{port}` is not a port")),
            },
            None => (host, None),
        };
        if service == "localhost" || service.starts_with("127.") || service == "0.0.0.0" {
            return refuse(format!("`{service}` is no service of the stack"));
        }
        if service.is_empty() || text.contains(char::is_whitespace) {
            return refuse(format!("`{text}` is no address"));
        }
        Ok(Self {
            service: service.to_owned(),
            port,
            path,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}{}", self.service, self.path),
            None => write!(f, "{}{}", self.service, self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_services() {
        for (text, service, port, path) in [
            ("web-gateway/healthz", "web-gateway", None, "/healthz"),
            ("nginx", "nginx", None, "/"),
            (
                "order-api:9102/metrics?a=b",
                "order-api",
                Some(9102),
                "/metrics?a=b",
            ),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(
                (
                    address.service.as_str(),
                    address.port,
                    address.path.as_str()
                ),
                (service, port, path)
            );
        }
    }

    #[test]
    fn hosts_and_urls_are_refused() {
        for text in [
            "localhost:8080/x",
            "127.0.0.1/x",
            "http://nginx/x",
            "nginx:http/",
            "",
            "a b/c",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
