//! What a world may not do: an invariant of the protocol that does not hold.

/// An invariant that does not hold, and how it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct Broken {
    /// The invariant, as the protocol numbers them.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

/// Says that an invariant does not hold.
///
/// # Errors
/// Always.
pub fn broken<T>(invariant: &'static str, what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { invariant, what: what.into() })
}

/// Says that an invariant does not hold unless a condition does.
///
/// # Errors
/// [`Broken`] if the condition does not hold.
pub fn holds(
    condition: bool,
    invariant: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if condition { Ok(()) } else { broken(invariant, what()) }
}
