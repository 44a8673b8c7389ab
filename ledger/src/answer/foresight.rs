//! What is foreseen, and what other rules would have given.

use crdt::{Cents, Date, Month, SignedCents};
use serde::{Deserialize, Serialize};

use super::Evaluation;
use crate::guarantee::Guarantee;

/// An answer about other months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForesightAnswer {
    /// How long money and grants last.
    Forecast(Forecast),
    /// What a rule set would have given.
    Simulation(Simulation),
    /// The indicators of a period.
    Evaluation(Evaluation),
}

/// What moved in a month, in cents; negative where more was reversed than made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthFlows {
    /// The month, by the days of the entries.
    pub month: Month,
    /// Contributions that came in.
    pub contributions: SignedCents,
    /// Credit issued: allocations, bonuses, money put into the pot.
    pub issued: SignedCents,
    /// What members who paid first get back.
    pub reimbursed: SignedCents,
    /// Credit that expired.
    pub expired: SignedCents,
    /// What vendors, other caisses and members who paid first became owed for purchases of members.
    pub used: SignedCents,
    /// Grants that were confirmed.
    pub grants_confirmed: SignedCents,
    /// Money of grants that came.
    pub grants_received: SignedCents,
    /// Money paid to vendors, other caisses and members who paid first.
    pub paid_out: SignedCents,
}

/// How long money and grants last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The day of the forecast.
    pub on: Date,
    /// The last months, oldest first, the present one included.
    pub history: Vec<MonthFlows>,
    /// The months whose mean the scenarios carry on.
    pub basis: Vec<Month>,
    /// Whether that is the present month alone, which is not over.
    pub basis_not_over: bool,
    /// How credit is covered now.
    pub guarantee: Guarantee,
    /// What members who paid first are owed now; part of what members are owed.
    pub claims: Cents,
    /// Contributions for each 10,000 of allocations and reimbursements, over the history; `None` if there
    /// were none.
    pub cover_ratio: Option<u64>,
    /// The scenarios.
    pub scenarios: Vec<ScenarioPath>,
}

/// What is assumed about the months to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Every month is as the mean of the last three.
    AsBefore,
    /// All credit is used: what is held now in the first month, and what is issued in its month.
    AllUsed,
    /// Contributions are a fifth lower; the rest is as before.
    FewerContributions,
}

/// What becomes of the money in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioPath {
    /// What is assumed.
    pub scenario: Scenario,
    /// Contributions of a month, rounded down to the cent.
    pub contributions: SignedCents,
    /// Credit issued in a month, and what members who paid first get back; rounded up.
    pub issued: SignedCents,
    /// What of it is used in a month, rounded up.
    pub used: SignedCents,
    /// For how many whole months money and grants pay what is used; `None` if for more than
    /// [`crate::foresight::HORIZON`].
    pub runway: Option<u16>,
    /// For how many whole months they cover all credit too, so that allocations can be issued; `None` as
    /// above.
    pub covered: Option<u16>,
    /// Month by month, from now on.
    pub path: Vec<Point>,
}

/// Where a scenario stands at the end of a month to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The month.
    pub month: Month,
    /// Money and grants, less what is owed for purchases.
    pub money: SignedCents,
    /// Credit that members hold.
    pub credit: Cents,
    /// The first less the second: negative when credit is not covered.
    pub margin: SignedCents,
}

/// What a rule set would have given in the last months, beside the rules that were in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// The day of the simulation.
    pub on: Date,
    /// The version of the rule set that is tried.
    pub version: u32,
    /// Month by month, oldest first.
    pub months: Vec<SimulatedMonth>,
    /// What the rules in force would have cost.
    pub in_force: Cost,
    /// What the rule set that is tried would have cost.
    pub tried: Cost,
    /// What all contributed in these months.
    pub contributions: Cents,
    /// By type of household.
    pub types: Vec<TypeRow>,
    /// All households together.
    pub all: TypeRow,
    /// Whether small cells are shown: then it is for the operator alone.
    pub small_cells_shown: bool,
    /// What this cannot know.
    pub unknown: Vec<Unknown>,
}

/// What rules cost in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// What they would have given; under tiers of prices what the pot would have lost, or if negative won.
    pub given: SignedCents,
    /// Contributions for each 10,000 given; `None` if nothing was.
    pub cover_ratio: Option<u64>,
}

/// One month of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedMonth {
    /// The month.
    pub month: Month,
    /// The version of the rules in force.
    pub rules: u32,
    /// What they would have given.
    pub in_force: SignedCents,
    /// What the rule set that is tried would have given.
    pub tried: SignedCents,
}

/// Types of households, by the numbers of adults and of those under 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HouseholdType {
    /// One adult.
    One,
    /// One adult with children.
    OneWithChildren,
    /// Two adults.
    Two,
    /// Two adults with children.
    TwoWithChildren,
    /// Three adults or more.
    ThreeOrMore,
    /// Three adults or more with children.
    ThreeOrMoreWithChildren,
}

/// What a type of household gains or loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeRow {
    /// The type; `None` for all households.
    pub household: Option<HouseholdType>,
    /// The figures; `None` if too few households are behind them, or if they would tell of too few by
    /// subtraction.
    pub figures: Option<TypeFigures>,
}

/// Figures of several households.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeFigures {
    /// How many households.
    pub households: u64,
    /// What the rules in force would have given them.
    pub in_force: SignedCents,
    /// What the rule set that is tried would have given them.
    pub tried: SignedCents,
    /// The mean change for a household in a month in which it was a member, rounded towards zero.
    pub mean_change: SignedCents,
    /// How many gain, lose and stay; `None` if too few do one of them.
    pub moves: Option<Moves>,
    /// The largest gain of a household over all months; `None` if too few gain.
    pub largest_gain: Option<Cents>,
    /// The largest loss of a household over all months; `None` if too few lose.
    pub largest_loss: Option<Cents>,
}

/// How many households gain, lose or stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// They would have got more.
    pub gain: u64,
    /// They would have got less.
    pub lose: u64,
    /// They would have got as much.
    pub stay: u64,
}

/// What a simulation cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// People do otherwise under other rules.
    #[error(
        "under other rules households may contribute, buy, join or leave otherwise: everything is \
         taken as it was"
    )]
    Behaviour,
    /// What limits spending is not replayed.
    #[error("caps on spending, expiry and roll-over of credit are not replayed")]
    Limits,
    /// Prices of purchases elsewhere are not known.
    #[error("purchases at other caisses are not counted: their prices are not known here")]
    Elsewhere,
    /// Who would choose which tier.
    #[error(
        "which tier of prices a household would choose is not known: a tier that was chosen is kept \
         or moved to the nearest one on its side, any other purchase is at the price itself"
    )]
    Tiers,
    /// How much own money would have been spent.
    #[error(
        "under a bonus what credit had paid in months without bonuses counts as the household's own \
         money"
    )]
    OwnMoney,
}
