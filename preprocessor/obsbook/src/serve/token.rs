//! A secret of this process.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;

/// Returns 256 random bits of the kernel's as hexadecimal digits.
///
/// # Errors
/// The kernel gives none.
pub(super) fn token() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
