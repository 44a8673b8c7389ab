//! The machine: one caisse. It only routes; its parts decide.

use crdt::feed::Keyring;
use crdt::message::Message;
use crdt::{CaisseId, Digest, RequestId, Timestamp};

use crate::answered::{self, Answered};
use crate::calendar::Zone;
use crate::command::{Command, Query};
use crate::records::Records;
use crate::refused::Refused;
use crate::state::{Secrets, Settings, State};
use crate::turn::{Effect, Input, Outcome, Turn};
use crate::{
    accounting, allocation, card, dispute, disputes, expiry, federation, grant, home, host, member,
    offline, people, planning, query, refund, settle, shelf, treasury, vendor,
};

/// One caisse: a state that changes only by inputs, and says by effects what it wants done.
///
/// Time is an argument, chance is a seed, what was stored is read through [`Records`]: the same
/// inputs give the same effects on any machine.
pub struct Caisse {
    state: State,
    zone: Zone,
}

/// A wrong version of the machine, made on purpose.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The home caisse ends holds by timer.
    M1,
    /// The home caisse does not recognise a repeated request.
    M2,
    /// A void that comes before the request leaves no tombstone.
    M3,
    /// The vendor is told before the disk.
    M4,
    /// The sale at the host's risk gets a new id.
    M5,
    /// A restored backup speaks at once.
    M6,
    /// The ceiling is checked against what was owed before the batch began.
    M7,
    /// The home caisse takes a lot back on its own clock.
    M8,
}

#[cfg(feature = "mutants")]
impl Mutant {
    /// Every wrong version.
    pub const ALL: [Self; 8] =
        [Self::M1, Self::M2, Self::M3, Self::M4, Self::M5, Self::M6, Self::M7, Self::M8];
}

impl Caisse {
    /// Loads a caisse from what was stored, and returns what is to be done at once.
    #[must_use]
    pub fn open(
        settings: Settings,
        secrets: Secrets,
        records: &dyn Records,
    ) -> (Self, Vec<Effect>) {
        let zone = settings.zone.clone();
        let state = State::load(settings, secrets, records);
        let mut effects = Vec::new();
        effects.extend(planning::first(&state, records).map(Effect::Persist));
        let partners = state.federation.as_ref().map(|f| f.partners(&state.me));
        effects.extend(partners.map(Effect::Partners));
        (Self { state, zone }, effects)
    }

    /// Makes this machine a wrong version of itself.
    #[cfg(feature = "mutants")]
    pub fn mutate(&mut self, mutant: Mutant) {
        self.state.mutant = Some(mutant);
    }

    /// The shell begins a batch of inputs that share a commit: mutant M7 looks up what is owed once for
    /// all of them.
    #[cfg(feature = "mutants")]
    pub fn begins_batch(&mut self) {
        if self.state.is_mutant(Mutant::M7) {
            self.state.books_before_batch = Some(self.state.books.clone());
        }
    }

    /// Returns the caisse's id.
    #[must_use]
    pub const fn id(&self) -> CaisseId {
        self.state.me
    }

    /// Returns the keys by which the entries of partners are checked; `None` without a federation.
    #[must_use]
    pub fn keyring(&self) -> Option<&Keyring> {
        self.state.federation.as_ref().map(federation::Federation::keyring)
    }

    /// Returns when the machine wants to be woken, if at all.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let state = &self.state;
        let parts = [
            home::next_wakeup(state),
            host::next_wakeup(state),
            federation::next_wakeup(state),
            offline::next_wakeup(state),
        ];
        parts.into_iter().flatten().min()
    }

    /// Takes in one input and returns what is to be done.
    pub fn handle(&mut self, now: Timestamp, input: Input, records: &dyn Records) -> Vec<Effect> {
        if self.second_copy().is_some() {
            return Vec::new();
        }
        let mut turn = Turn::new(now, &self.zone, records);
        let state = &mut self.state;
        match input {
            Input::Command { request, command: Command::Pay(intent) } => {
                host::pay(state, &mut turn, request, &intent);
            }
            Input::Command { request, command } => {
                let outcome = once(state, &mut turn, request, command);
                turn.reply(request, outcome);
            }
            Input::Received { from, message } => receive(state, &mut turn, from, message),
            Input::Connected(peer) => federation::connected(state, &mut turn, peer),
            Input::Disconnected(peer) => {
                federation::disconnected(state, peer);
                offline::lost(state, peer);
            }
            Input::Woke => {
                host::tick(state, &mut turn);
                home::tick(state, &mut turn);
                federation::tick(state, &mut turn);
                offline::tick(state, &mut turn);
            }
        }
        offline::after(state, &mut turn);
        // What this turn decided was decided without knowing what the copy said: it is not stored.
        if state.second_copy.is_some() { Vec::new() } else { turn.finish() }
    }

    /// Returns that a second copy of this caisse was seen at work: the machine does nothing more, and
    /// the process must end without storing or saying anything that it has not stored and said.
    #[must_use]
    pub const fn second_copy(&self) -> Option<federation::SecondCopy> {
        self.state.second_copy
    }

    /// Answers a question; changes nothing.
    ///
    /// # Errors
    /// [`Refused`] if what is asked about is not known.
    pub fn query(&self, now: Timestamp, question: &Query, records: &dyn Records) -> Outcome {
        query::answer(&self.state, &Turn::new(now, &self.zone, records), question)
    }

    /// Returns a hash of the shared view: equal on two nodes that accepted the same entries.
    #[must_use]
    pub fn view_digest(&self) -> Option<Digest> {
        self.state.federation.as_ref().map(|f| f.view.digest())
    }

    /// Returns the books, for those who check them.
    #[must_use]
    pub const fn books(&self) -> &crate::books::Books {
        &self.state.books
    }

    /// Returns how many sales and holds are not finished.
    #[must_use]
    pub fn open_payments(&self) -> usize {
        self.state.waiting.len() + self.state.holds.len()
    }

    /// Returns how far the ceilings of agreements are used.
    #[must_use]
    pub fn ceilings(&self) -> Vec<federation::ceiling::CeilingUse> {
        federation::ceiling::all(&self.state)
    }

    /// Returns the caisses that this one can prove to have forked.
    #[must_use]
    pub fn forked(&self) -> Vec<CaisseId> {
        let forks = self.state.federation.as_ref().map(|f| f.replica.forks());
        forks.into_iter().flatten().map(|(feed, _)| feed.author).collect()
    }
}

/// Carries out a command under its request id: the first answer is kept and given again. A refusal
/// changed nothing and is not kept: the same request may succeed later.
fn once(state: &mut State, turn: &mut Turn<'_>, request: RequestId, command: Command) -> Outcome {
    let digest = answered::digest(state, &command);
    if let Some(known) = answered::recall(turn, request) {
        return if known.command == digest { Ok(known.answer) } else { Err(Refused::Conflict) };
    }
    let answer = carry_out(state, turn, request, command)?;
    let answered = Answered { command: digest, answer };
    answered::keep(turn, request, &answered);
    Ok(answered.answer)
}

fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    command: Command,
) -> Outcome {
    match command {
        Command::AddMember { name, household } => member::add(state, turn, name, household),
        Command::IssueCard { member, code } => member::issue_card(state, turn, member, &code),
        Command::BlockCard { card } => member::block_card(state, turn, card),
        Command::Cards(command) => card::carry_out(state, turn, command),
        Command::AddVendor { name, commune, kind, till } => {
            let vendor = vendor::Vendor { name, commune, kind, till, approvals: Vec::new() };
            vendor::add(state, turn, vendor)
        }
        Command::ApproveVendor { vendor, coverage, reason } => {
            vendor::approve(state, turn, vendor, coverage, reason)
        }
        Command::PutProducts { vendor, products } => {
            shelf::put_products(state, turn, vendor, &products)
        }
        Command::AddContribution { member, month, amount, into } => {
            let given = member::Given { month, amount, into };
            member::contribute(state, turn, request, member, &given)
        }
        Command::Allocate { month, force } => allocation::run(state, turn, month, force),
        Command::CancelRules { version } => planning::cancel(state, turn, version),
        Command::PlanRules { rules, force } => planning::plan(state, turn, *rules, force),
        Command::ConfirmGrant { funder, amount, reference } => {
            grant::confirm(state, turn, funder, amount, reference)
        }
        Command::ReceiveGrant { grant, amount, into } => {
            grant::receive(state, turn, grant, amount, into)
        }
        Command::Treasury(command) => treasury::carry_out(state, turn, command),
        Command::FundPot { amount } => planning::fund_pot(state, turn, request, amount),
        Command::Expire => expiry::run(state, turn),
        Command::People(command) => people::carry_out(state, turn, command),
        Command::Pay(_) => unreachable!("a payment has an idempotency key of its own"),
        Command::Refund { id, payment, amount } => refund::refund(state, turn, id, payment, amount),
        Command::Accounting(command) => accounting::carry_out(state, turn, command),
        Command::Disputes(command) => disputes::carry_out(state, turn, request, command),
        Command::Found(charter) => federation::found(state, turn, *charter),
        Command::Propose(change) => federation::propose(state, turn, change),
        Command::Approve(proposal) => federation::approve(state, turn, proposal),
        Command::Agree { with, terms } => federation::agree(state, turn, with, terms),
        Command::State { with } => settle::state_with(state, turn, with),
        Command::ProposeRun { without } => settle::propose(state, turn, &without),
        Command::AbortRun { run, reason } => settle::abort(state, turn, run, reason),
        Command::PaySent { run, to } => settle::sent(state, turn, run, to),
        Command::PayReceived { run, from } => settle::received(state, turn, run, from),
        Command::Offline(command) => offline::carry_out(state, turn, command),
        Command::Keys(command) => federation::change_keys(state, turn, *command),
    }
}

fn receive(
    state: &mut State,
    turn: &mut Turn<'_>,
    from: CaisseId,
    message: Message<crdt::feed::Verified>,
) {
    match message {
        Message::Have { heads, reply } => {
            federation::have(state, turn, from, &heads, reply);
            federation::eligible::publish_ours(state, turn);
            dispute::contest::follow(state, turn, from);
            shelf::publish(state, turn);
            settle::advance(state, turn);
            offline::met(state, turn, from);
        }
        Message::Grown(heads) => federation::grown(state, turn, from, &heads),
        Message::Want { feed, after } => federation::want(state, turn, from, feed, after),
        Message::Entries(list) => federation::entries(state, turn, from, &list),
        Message::AuthRequest(ask) => home::authorise(state, turn, from, &ask),
        Message::Query { payment } => host::queried(state, turn, from, payment),
        Message::Revoked(list) => offline::hears_list(state, turn, from, &list),
        Message::Conflict { payment } => host::conflict(state, turn, from, payment),
        Message::Forked(proofs) => federation::heard(state, turn, from, proofs),
        Message::Opened(openings) => federation::opened(state, turn, from, &openings),
    }
}
