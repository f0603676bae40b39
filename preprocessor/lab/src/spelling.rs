//! How the info string of a lab block is spelt, and how it is misspelt.

use crate::suggest;

/// What an info string says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// That this is a lab.
    Lab,
    /// That this was to be one.
    Misspelt,
    /// Something else.
    Other,
}

impl Spelling {
    /// Info strings that are one slip away from `lab`, and languages that only look so.
    pub(crate) fn of(info: &str) -> Self {
        if info == "lab" {
            return Self::Lab;
        }
        // `{.lab}`, `lab=1` and `lab-block` begin with the word as well.
        let mut words = info.split(|c: char| !c.is_alphanumeric());
        let word = words.find(|word| !word.is_empty()).unwrap_or_default();
        let lower = word.to_lowercase();
        let slip = matches!(lower.as_str(), "lab" | "labs" | "obsbook")
            || (lower.len() >= 3
                && suggest::nearest(&lower, ["lab"]).is_some()
                && !matches!(lower.as_str(), "tab" | "lua" | "ada" | "dab"));
        if slip { Self::Misspelt } else { Self::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_info_string_is_told_from_another_language() {
        let check = |infos: &str, expected: Spelling| {
            for info in infos.split_whitespace() {
                assert_eq!(Spelling::of(info), expected, "{info}");
            }
        };
        check("lab", Spelling::Lab);
        check(
            "Lab labs lba .lab {.lab} {lab} lab; lab:x lab=1 lab/x lab(x) lab-1 lab1 lab-block obsbook-lab",
            Spelling::Misspelt,
        );
        check(
            "text rust,ignore {.rust} c++ f# a la-tex console,verify tab lua",
            Spelling::Other,
        );
        assert_eq!(Spelling::of(""), Spelling::Other);
    }
}
