//! A fault in the words of a command: `order-api latency by=800ms`.

use super::kinds::Fault;
use crate::block::decode::Decoder;
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::SourceFile;
use crate::surroundings::Surroundings;
use crate::yaml;

impl Fault {
    /// Returns the fault that a service, the fault's word and its settings (`by=800ms`) name, by the grammar of blocks.
    ///
    /// # Errors
    /// Its problems, at places in the block that says the same.
    pub fn from_command(
        service: &str,
        word: &str,
        settings: &[String],
        around: &Surroundings,
    ) -> Result<Self, Vec<Diagnostic>> {
        let source = SourceFile::new("this fault", block(service, word, settings));
        let fence = Fence::whole(&source.text);
        let mut decoder = Decoder::new(&source, &fence, around);
        let fault = match yaml::parse(&fence.body) {
            Ok(root) => decoder.fault(&root),
            Err(error) => {
                decoder.report(&error.span, error.message, "write settings as `by=800ms`");
                None
            }
        };
        fault
            .filter(|_| decoder.diagnostics.is_empty())
            .ok_or(decoder.diagnostics)
    }
}

/// The item of `inject` that says the same.
fn block(service: &str, word: &str, settings: &[String]) -> String {
    let caller = if word == "network" { "from" } else { "service" };
    let mut text = format!("{word}:\n  {caller}: {service}\n");
    for setting in settings {
        // Without a value it is a switch, as in `down`.
        let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
        text.push_str(&format!("  {key}: {value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &str, expected: &str) {
        let mut words = command.split(' ').map(str::to_owned);
        let service = words.next().expect("a service");
        let word = words.next().expect("a word");
        let settings: Vec<String> = words.collect();
        let around = Surroundings::default();
        let said = match Fault::from_command(&service, &word, &settings, &around) {
            Ok(fault) => fault.to_string(),
            Err(problems) => problems[0].message.clone(),
        };
        assert_eq!(said, expected, "{command}");
    }

    #[test]
    fn a_command_says_what_a_block_says() {
        check(
            "order-api latency by=800ms",
            "delay all work of order-api by 800ms",
        );
        check(
            "order-api error ratio=0.5",
            "fail 50 % of the work of order-api",
        );
        check("redis pause", "pause redis");
        check(
            "order-api network to=postgres latency=110ms",
            "make the network from order-api to postgres slower by 110ms",
        );
        check(
            "order-api network to=redis down",
            "make the network from order-api to redis unavailable",
        );
        check("order-api latency", "`latency` does not say by how much");
        check("order-api latency by=much", "`much` is not a duration");
        check("order-api latncy by=1s", "unknown fault `latncy`");
        check("order-api latency b=1s", "unknown key `b` in `latency`");
    }
}
