//! The signals that end the demo: Ctrl-C, SIGTERM, and the terminal's going away.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Hears the signals from the moment it is made; they no longer end the process by themselves.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    came: bool,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the operating system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|why| Failure::Failed(format!("no signals: {why}")));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            came: false,
        })
    }

    /// Waits for the next signal and returns its name.
    pub async fn next(&mut self) -> &'static str {
        let name = tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        };
        self.came = true;
        name
    }

    /// Returns whether a signal came.
    #[must_use]
    pub const fn came(&self) -> bool {
        self.came
    }
}
