//! What the demo claims, and whether it is so.

use std::fmt::{Debug, Display};

use serde::Serialize;

/// Differences that are kept of one claim: the first few say what is wrong.
const KEPT: usize = 5;

/// One claim, looked at once or many times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is claimed.
    pub claim: String,
    /// How often it was so.
    pub held: u64,
    /// How often it was not so.
    pub failed: u64,
    /// What was found instead, the first few times.
    pub found: Vec<String>,
}

/// The claims of one step, in order.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Checks {
    list: Vec<Check>,
}

impl Checks {
    /// Returns the claims.
    #[must_use]
    pub fn all(&self) -> &[Check] {
        &self.list
    }

    /// Returns whether every claim held each time.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.list.iter().all(|check| check.failed == 0)
    }

    /// Returns how often something was looked at.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.list.iter().map(|check| check.held + check.failed).sum()
    }

    /// Claims that two values are the same; `at` says of what they are.
    pub fn equal<T: PartialEq + Debug>(
        &mut self,
        claim: &str,
        at: impl Display,
        found: &T,
        expected: &T,
    ) {
        self.holds(claim, found == expected, || {
            format!("{at}: expected {expected:?}, found {found:?}")
        });
    }

    /// Claims that something is so; `found` says what was found instead.
    pub fn holds(&mut self, claim: &str, so: bool, found: impl FnOnce() -> String) {
        let known = self.list.iter().position(|check| check.claim == claim);
        let place = known.unwrap_or_else(|| {
            let claim = claim.to_owned();
            self.list.push(Check { claim, held: 0, failed: 0, found: Vec::new() });
            self.list.len() - 1
        });
        let check = &mut self.list[place];
        if so {
            check.held += 1;
            return;
        }
        check.failed += 1;
        if check.found.len() < KEPT {
            check.found.push(found());
        }
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { claim, held, failed, found } = self;
        let times = held + failed;
        if *failed > 0 {
            write!(f, "✗ NOT SO: {claim} (only {held} of {times})")?;
            return found.iter().try_for_each(|found| write!(f, "\n    {found}"));
        }
        match times {
            1 => write!(f, "✓ {claim}"),
            _ => write!(f, "✓ {claim} ({held} of {times})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_one_line_however_often_it_is_looked_at_and_one_failure_fails_all() {
        let mut checks = Checks::default();
        for number in 1..=3 {
            checks.equal("numbers agree", number, &number, &number);
        }
        checks.holds("water is wet", true, String::new);
        let said: Vec<String> = checks.all().iter().map(ToString::to_string).collect();
        assert_eq!(said, ["✓ numbers agree (3 of 3)", "✓ water is wet"]);
        assert!(checks.hold());
        checks.equal("numbers agree", "four", &4, &5);
        let said = checks.all()[0].to_string();
        assert!(said.contains("only 3 of 4") && said.contains("four: expected 5, found 4"));
        assert_eq!((checks.count(), checks.hold()), (5, false));
    }
}
