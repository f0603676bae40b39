//! Ctrl-C, SIGTERM and SIGHUP: asked for once, heard everywhere, and never in the middle of an undo.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::stack::no_undo_is_under_way;

/// Whether somebody asked the run to end.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    token: CancellationToken,
}

impl Interrupt {
    /// Returns an interrupt that listens to the process's signals from now on. `on_signal` is called at each of them.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub fn listen(on_signal: impl Fn(bool) + Send + 'static) -> std::io::Result<Self> {
        let interrupt = Self::default();
        let token = interrupt.token.clone();
        let mut ctrl_c = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = ctrl_c.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
                let first = !token.is_cancelled();
                // Before anything is said: whom it is said to may have gone.
                token.cancel();
                on_signal(first);
            }
        });
        Ok(interrupt)
    }

    /// Returns whether somebody asked.
    pub fn is_set(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns as soon as somebody asks.
    pub async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// Asks the run to end.
    pub fn set(&self) {
        self.token.cancel();
    }

    /// Returns what `work` returns, or `None` as soon as somebody asks the run to end; the work is dropped then, but not in the
    /// middle of undoing what an earlier process left.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let asked = async {
            self.token.cancelled().await;
            no_undo_is_under_way().await;
        };
        tokio::select! {
            biased;
            () = asked => None,
            done = work => Some(done),
        }
    }
}
