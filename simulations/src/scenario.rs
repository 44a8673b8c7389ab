//! Stories that people wrote: who does what, what breaks, and what must then be so. `scenarios/*.toml` holds
//! them; `simulate --scenario NAME` tells one in plain words.
//!
//! A scenario is a list of steps that follow each other; only `wait` lets time pass. After the last one the
//! world heals, lives on, settles and is audited like any other.

mod names;
mod play;

use crdt::Cents;
use serde::Deserialize;

use crate::broken::Broken;

pub use play::play;

/// The scenarios, by name.
pub const SCENARIOS: [(&str, &str); 10] = [
    ("five_contending", include_str!("../scenarios/five_contending.toml")),
    ("lying_host", include_str!("../scenarios/lying_host.toml")),
    ("market_day", include_str!("../scenarios/market_day.toml")),
    ("old_backup", include_str!("../scenarios/old_backup.toml")),
    ("outage_lot", include_str!("../scenarios/outage_lot.toml")),
    ("slow_home", include_str!("../scenarios/slow_home.toml")),
    ("split_village", include_str!("../scenarios/split_village.toml")),
    ("stolen_card", include_str!("../scenarios/stolen_card.toml")),
    ("two_disasters", include_str!("../scenarios/two_disasters.toml")),
    ("wrong_clocks", include_str!("../scenarios/wrong_clocks.toml")),
];

/// Why a scenario did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlayed {
    /// The text is not a scenario; says where and what is expected.
    #[error("this is not a scenario: {0}")]
    Malformed(String),
    /// A step cannot be done.
    #[error("step {step} cannot be done: {why}")]
    Impossible {
        /// Which, from 1.
        step: usize,
        /// Why.
        why: String,
    },
    /// Something is not as a step expects it.
    #[error("step {step} expects {expected}, but it is {found}")]
    Unexpected {
        /// Which, from 1.
        step: usize,
        /// What is expected.
        expected: String,
        /// What is so.
        found: String,
    },
    /// An invariant does not hold.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// An amount as people write it: `12.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Euros(pub Cents);

impl TryFrom<String> for Euros {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = text.parse().map(Self);
        read.map_err(|why: crdt::money::MoneyError| {
            format!("{text:?} is not an amount as \"12.50\": {why}")
        })
    }
}

/// A scenario as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it tells, in a sentence or two.
    pub story: String,
    /// The caisses, two to ten, by name.
    pub caisses: Vec<String>,
    /// Members of each, with 100 euros each: `Name 1`, `Name 2`, …
    #[serde(default = "two")]
    pub members: u8,
    /// What all agree on.
    #[serde(default)]
    pub agreement: Agreement,
    /// What each lot allows that all give each other; none are given when absent.
    pub lots: Option<Lots>,
    /// What happens.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

const fn two() -> u8 {
    2
}

/// What differs from the usual agreement: 40 euros a payment, 100 a month, 200 as the ceiling, no floor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The most for one payment of a visitor.
    pub per_payment: Option<Euros>,
    /// The most for one visitor and month.
    pub per_month: Option<Euros>,
    /// The most that one side owes the other.
    pub ceiling: Option<Euros>,
    /// Up to what a host sells at its own risk.
    pub floor: Option<Euros>,
}

/// What a lot allows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lots {
    /// In all.
    pub amount: Euros,
    /// To one card.
    pub per_card: Euros,
    /// In one sale.
    pub per_sale: Euros,
    /// For how long.
    pub days: u16,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Time passes.
    Wait {
        /// How long.
        #[serde(default)]
        seconds: u32,
        /// And how much longer.
        #[serde(default)]
        hours: u32,
    },
    /// A till asks for a sale.
    Sell {
        /// What the sale is called.
        sale: String,
        /// The vendor's caisse.
        host: String,
        /// Whose card it is.
        member: String,
        /// The price.
        price: Euros,
        /// The code that is typed; the right one when absent.
        code: Option<String>,
    },
    /// A till asks again for a sale.
    AskAgain {
        /// Which.
        sale: String,
    },
    /// A till gives something back.
    Refund {
        /// Of which sale.
        sale: String,
        /// How much; all that is left when absent.
        amount: Option<Euros>,
    },
    /// Two caisses find no way to each other any more.
    Cut {
        /// Which two.
        between: [String; 2],
    },
    /// They find one again.
    Join {
        /// Which two.
        between: [String; 2],
    },
    /// What one caisse says to another vanishes, and nobody is told.
    Mute {
        /// Who speaks.
        from: String,
        /// Who does not hear it.
        to: String,
    },
    /// It arrives again.
    Unmute {
        /// Who speaks.
        from: String,
        /// Who hears it.
        to: String,
    },
    /// A machine dies.
    Kill {
        /// Whose.
        caisse: String,
    },
    /// A disk takes long for everything.
    SlowDisk {
        /// Whose.
        caisse: String,
        /// For how long.
        seconds: u32,
    },
    /// A machine is killed, and its clock is set before it starts again.
    SetClock {
        /// Whose.
        caisse: String,
        /// By how many hours it is wrong.
        wrong_by_hours: i16,
    },
    /// A copy of a disk is made.
    Backup {
        /// Whose.
        caisse: String,
    },
    /// A disk is replaced by the last copy that was made.
    Restore {
        /// Whose.
        caisse: String,
    },
    /// A card is blocked by its caisse.
    BlockCard {
        /// Whose card it is.
        member: String,
    },
    /// All state what they owe each other, sign a run, and pay.
    Settle,
    /// An adversary takes a caisse over.
    TakeOver {
        /// Which.
        caisse: String,
    },
    /// Nothing is wrong any more, and everything that was open ends.
    Heal,
    /// What a till was told, or that it was told nothing yet.
    ExpectSale {
        /// Which sale.
        sale: String,
        /// How it stands.
        is: Standing,
        /// What the till shows besides.
        shows: Option<String>,
    },
    /// What a member holds.
    ExpectCredit {
        /// Whose.
        member: String,
        /// How much.
        is: Euros,
    },
    /// What one caisse owes another, by its own books.
    ExpectOwed {
        /// Who owes.
        by: String,
        /// To whom.
        to: String,
        /// How much.
        is: Euros,
    },
}

/// How a sale stands, for its till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is known yet.
    Waiting,
    /// Paid.
    Paid,
    /// Paid by a lot.
    PaidByLot,
    /// Paid at the host's own risk.
    PaidAtRisk,
    /// Refused.
    Refused,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`NotPlayed::Malformed`] with line, column and what is wrong.
    pub fn read(text: &str) -> Result<Self, NotPlayed> {
        let scenario: Self =
            toml::from_str(text).map_err(|why| NotPlayed::Malformed(why.to_string()))?;
        let count = scenario.caisses.len();
        if !(2..=usize::from(crate::plan::MOST_CAISSES)).contains(&count) {
            let most = crate::plan::MOST_CAISSES;
            let why = format!("it has {count} caisses; two to {most} are possible");
            return Err(NotPlayed::Malformed(why));
        }
        if scenario.members == 0 || scenario.members > 20 {
            let why = format!("each caisse has {} members; 1 to 20 are possible", scenario.members);
            return Err(NotPlayed::Malformed(why));
        }
        Ok(scenario)
    }

    /// Finds a scenario by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static str> {
        SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "story = \"x\"\ncaisses = [\"A\", \"B\"]\n";

    fn why_not(steps: &str) -> String {
        play(&format!("{HEAD}{steps}")).0.expect_err("it cannot be played").to_string()
    }

    #[test]
    fn a_scenario_that_is_not_one_is_refused_with_line_and_word() {
        let unknown = why_not("[[step]]\ndo = \"explode\"\n");
        assert!(unknown.contains("line 4") && unknown.contains("explode"), "{unknown}");
        let field = why_not("[[step]]\ndo = \"kill\"\ncaise = \"A\"\n");
        assert!(field.contains("caise"), "{field}");
        let price = why_not(
            "[[step]]\ndo = \"sell\"\nsale = \"s\"\nhost = \"A\"\nmember = \"B 1\"\nprice = \"x\"\n",
        );
        assert!(price.contains("price") || price.contains("amount"), "{price}");
        let one = Scenario::read("story = \"x\"\ncaisses = [\"A\"]\nstep = []\n");
        assert!(one.expect_err("one caisse").to_string().contains("1 caisses"));
    }

    #[test]
    fn a_step_that_names_nobody_says_whom_it_could_name() {
        let nobody = why_not("[[step]]\ndo = \"kill\"\ncaisse = \"C\"\n");
        assert!(nobody.contains("step 1") && nobody.contains("A, B"), "{nobody}");
        let member = why_not(
            "[[step]]\ndo = \"block_card\"\nmember = \"A 1\"\n[[step]]\ndo = \"block_card\"\nmember = \"A 9\"\n",
        );
        assert!(member.contains("step 2") && member.contains("A 9"), "{member}");
        let sale = why_not("[[step]]\ndo = \"ask_again\"\nsale = \"bread\"\n");
        assert!(sale.contains("bread"), "{sale}");
    }

    #[test]
    fn what_is_not_as_expected_is_said() {
        let credit =
            why_not("[[step]]\ndo = \"expect_credit\"\nmember = \"A 1\"\nis = \"12.00\"\n");
        assert!(credit.contains("12.00") && credit.contains("100.00"), "{credit}");
    }
}
