//! The output of subprocesses, line by line.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc;

/// Returns the lines of both streams of a child that was spawned with pipes, in the order in which
/// they come; the channel ends when both streams have ended.
pub(crate) fn merge_lines(child: &mut Child) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    // A task for each stream keeps either from filling up.
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(forward(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(forward(stderr, sender));
    }
    receiver
}

async fn forward(stream: impl AsyncRead + Unpin, sender: mpsc::UnboundedSender<String>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    // Bytes instead of text: a tool that writes no UTF-8 must not end the reading.
    while matches!(reader.read_until(b'\n', &mut line).await, Ok(length) if length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if sender.send(text).is_err() {
            return;
        }
    }
}
