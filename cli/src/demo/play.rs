//! Everything on the stage: the three caisses, who they know, what is expected, what was claimed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crdt::card::CardText;
use crdt::contact::Contact;
use crdt::{MemberId, Month, VendorId};
use serde::Serialize;
use tempfile::TempDir;

use super::checks::Checks;
use super::fixtures::{Fixtures, Place};
use super::house::House;
use super::model::Model;
use super::plan::{Plan, SEED};
use super::report::CaisseFact;
use super::sale::Sold;
use super::settling::Settled;
use super::statements::StatementFact;
use super::teller::Teller;
use crate::client::now;
use crate::failure::Failure;

/// A member as it was enrolled.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The member.
    pub id: MemberId,
    /// The card's number.
    pub number: CardText,
    /// What the card's QR code says.
    pub qr: CardText,
}

/// A vendor as it was recorded.
// No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Stall {
    /// The vendor.
    pub id: VendorId,
    /// The secret of its till.
    pub secret: String,
    /// The file that holds the secret.
    pub file: PathBuf,
}

/// A step that was played.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What it was about.
    pub title: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// What was claimed.
    pub checks: Checks,
}

/// How the outage went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outage {
    /// Purchases that were refused at once.
    pub refused: usize,
    /// Sales that were on their way and became void.
    pub voided: usize,
    /// Sales that were on their way and were paid all the same.
    pub paid: usize,
    /// Purchases that the two others made meanwhile.
    pub went_on: usize,
    /// Seconds from the start of the killed caisse until nothing was missing any more.
    pub caught_up_seconds: f64,
}

/// The stage.
pub struct Play {
    /// What everything starts with.
    pub fixtures: Fixtures,
    /// Who buys what where.
    pub plan: Plan,
    /// What is expected.
    pub model: Model,
    /// What was claimed in the present step.
    pub checks: Checks,
    /// Who tells it.
    pub teller: Teller,
    /// The month for which contributions come in and allocations are issued.
    pub month: Month,
    /// The caisses, in the order of [`Place::ALL`]; empty before the first step.
    pub houses: Vec<House>,
    /// Who they are, in the same order.
    pub contacts: Vec<Contact>,
    /// The members of each.
    pub members: [Vec<Enrolled>; 3],
    /// The vendors of each.
    pub stalls: [Vec<Stall>; 3],
    /// The sales that were paid.
    pub sold: Vec<Sold>,
    /// The time that tills spent selling side by side, and how many sales they made.
    pub selling: (Duration, usize),
    /// The sales that were on their way when a caisse was killed.
    pub in_flight: Vec<Sold>,
    /// How the outage went.
    pub outage: Outage,
    /// The statements that both sides published.
    pub statements: Vec<StatementFact>,
    /// What was settled, once it is.
    pub settled: Option<Settled>,
    /// The caisses in numbers, at the end.
    pub facts: Vec<CaisseFact>,
    /// The steps so far.
    pub steps: Vec<Step>,
    kept: bool,
    /// Removed when the stage is left, after the nodes above have ended.
    dir: TempDir,
}

impl Play {
    /// Sets the stage in a temporary directory.
    ///
    /// # Errors
    /// [`Failure::Failed`] if there is no place for it.
    pub fn new(teller: Teller) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("caisse-demo-").tempdir();
        let dir = dir.map_err(|why| {
            let place = std::env::temp_dir();
            Failure::Failed(format!("no temporary directory in {}: {why}", place.display()))
        })?;
        let fixtures = Fixtures::read();
        let plan = Plan::draw(&fixtures, SEED);
        Ok(Self {
            model: Model::new(&fixtures, &plan.late),
            fixtures,
            plan,
            checks: Checks::default(),
            teller,
            month: now().month(),
            houses: Vec::new(),
            contacts: Vec::new(),
            members: Default::default(),
            stalls: Default::default(),
            sold: Vec::new(),
            selling: (Duration::ZERO, 0),
            in_flight: Vec::new(),
            outage: Outage::default(),
            statements: Vec::new(),
            settled: None,
            facts: Vec::new(),
            steps: Vec::new(),
            kept: false,
            dir,
        })
    }

    /// Plays one step: says its title, plays it, says what was claimed and how long it took.
    ///
    /// # Errors
    /// What the step fails with.
    pub async fn step(
        &mut self,
        title: &'static str,
        play: impl AsyncFnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.teller.say(format!("\n{:>2}. {title}", self.steps.len() + 1));
        let since = Instant::now();
        let ended = play(self).await;
        let seconds = since.elapsed().as_secs_f64();
        self.teller.end_bar();
        let checks = std::mem::take(&mut self.checks);
        for check in checks.all() {
            self.teller.detail(check.to_string());
        }
        self.teller.detail(format!("{seconds:.2} s"));
        self.steps.push(Step { title, seconds, checks });
        ended
    }

    /// Returns whether every claim of every step so far held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.steps.iter().all(|step| step.checks.hold())
    }

    /// Returns the directory of the demo, below which everything lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a caisse.
    ///
    /// # Panics
    /// Before the first step.
    #[must_use]
    pub fn house(&self, place: Place) -> &House {
        &self.houses[place.index()]
    }

    /// Returns a caisse, to start or stop it.
    ///
    /// # Panics
    /// Before the first step.
    pub fn house_mut(&mut self, place: Place) -> &mut House {
        &mut self.houses[place.index()]
    }

    /// Returns who a caisse is.
    ///
    /// # Panics
    /// Before the first step.
    #[must_use]
    pub fn contact(&self, place: Place) -> &Contact {
        &self.contacts[place.index()]
    }

    /// Returns which caisse has an id.
    #[must_use]
    pub fn place_of(&self, id: &crdt::CaisseId) -> Option<Place> {
        let found = self.contacts.iter().position(|contact| contact.id == *id);
        found.map(|index| Place::ALL[index])
    }

    /// Ends every node in order. Returns the exit code of each that ran.
    pub async fn end_nodes(&mut self) -> Vec<(Place, Option<i32>)> {
        self.houses.iter().for_each(House::ask_to_end);
        let mut codes = Vec::new();
        for house in self.houses.iter_mut().filter(|house| house.process_id() != 0) {
            codes.push((house.place, house.ended().await));
        }
        codes
    }

    /// Returns whether the directory stays when the stage is left.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.kept
    }

    /// Keeps the directory for whoever wants to look at it.
    pub fn keep(&mut self) {
        self.kept = true;
        self.dir.disable_cleanup(true);
    }
}

/// The three pairs of caisses.
pub const PAIRS: [(Place, Place); 3] = [
    (Place::Montpellier, Place::SudGironde),
    (Place::SudGironde, Place::Cadenet),
    (Place::Cadenet, Place::Montpellier),
];
