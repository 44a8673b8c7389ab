//! What each command does.

mod accounting;
mod backup;
mod card;
mod card_sheet;
mod catalogue;
mod config;
mod disputes;
mod draw;
mod epoch;
mod fec;
mod federation;
mod foresight;
mod keys;
mod lot;
mod member;
mod member_file;
mod money;
mod names;
mod node;
mod people;
mod rules;
mod settle;
mod till;
mod treasury;
mod vendor;
mod waiting;

use std::path::Path;

use crdt::{PaymentId, RequestId};
use ledger::{Answer, Command, Query};

use ::node::backup::Written;
use ::node::http::BackUp;

use crate::args::{self, Global};
use crate::client::{Client, random};
use crate::failure::Failure;
use crate::output::{Done, patiently};

pub(crate) use money::status_words;

/// What a command works with.
#[derive(Clone, Debug)]
pub struct Context {
    global: Global,
    client: Client,
}

impl Context {
    /// Makes the context of the options that were typed.
    #[must_use]
    pub fn new(global: Global) -> Self {
        let client = Client::new(&global.dir);
        Self { global, client }
    }

    /// Returns the caisse's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.global.dir
    }

    /// Returns whether the answer is for machines.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.global.json
    }

    /// Asks the node a question.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn query(&self, question: &Query) -> Result<Answer, Failure> {
        patiently("waiting for the caisse", self.client.query(question)).await
    }

    /// Asks the node for something, under the request id that was typed or a new one.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn command(&self, command: &Command) -> Result<Answer, Failure> {
        let request = self.request()?;
        patiently("waiting for the caisse", self.client.command(request, command)).await
    }

    /// Asks the node to write a backup.
    ///
    /// # Errors
    /// As [`Client::backup`].
    pub async fn backup(&self, asked: &BackUp) -> Result<Written, Failure> {
        patiently("writing the backup", self.client.backup(asked)).await
    }

    /// Asks the node for one part of something larger. Each part has a request id of its own, the same
    /// when the whole is repeated under the same id.
    async fn part(
        &self,
        whole: RequestId,
        part: u32,
        command: &Command,
    ) -> Result<Answer, Failure> {
        let mut bytes = *whole.as_bytes();
        for (byte, number) in bytes.iter_mut().zip(part.to_le_bytes()) {
            *byte ^= number;
        }
        self.client.command(RequestId::new(bytes), command).await
    }

    /// Returns the id of a payment or refund: the one that was typed, else one made of the request id, so
    /// that a command repeated under the same request id is the same command.
    fn payment_id(&self, typed: Option<PaymentId>) -> Result<PaymentId, Failure> {
        let made = || self.request().map(|request| PaymentId::new(*request.as_bytes()));
        typed.map_or_else(made, Ok)
    }

    /// Returns the request id that was typed, or a new one.
    fn request(&self) -> Result<RequestId, Failure> {
        self.global.request.map_or_else(|| random().map(RequestId::new), Ok)
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`Failure`], with its exit code.
pub async fn carry_out(context: &Context, command: args::Command) -> Result<Done, Failure> {
    use args::Command as Typed;

    match command {
        Typed::Demo { .. } => Err(Failure::misused("the demo runs in a process of its own")),
        Typed::Init { dir, config } => node::init(&dir, &config),
        Typed::Run { dir, log, log_level } => node::run(&dir, log, &log_level).await,
        Typed::Status { wait } => node::status(context, wait).await,
        Typed::Verify => node::verify(context).await,
        Typed::Member(command) => member::member(context, command).await,
        Typed::Waiting(command) => waiting::waiting(context, command).await,
        Typed::Draw(asked) => draw::draw(context, asked).await,
        Typed::Privacy => people::privacy(),
        Typed::Contribution(command) => member::contribution(context, command).await,
        Typed::Card(command) => card::card(context, command).await,
        Typed::Vendor(command) => vendor::vendor(context, command).await,
        Typed::Catalogue(command) => catalogue::catalogue(context, command).await,
        Typed::Allocate(asked) => money::allocate(context, asked).await,
        Typed::Rules(command) => rules::rules(context, command).await,
        Typed::Grant(command) => rules::grant(context, command).await,
        Typed::Guarantee => rules::guarantee(context).await,
        Typed::Book(command) => accounting::book(context, command).await,
        Typed::Close(command) => accounting::close(context, command).await,
        Typed::Fec(command) => fec::fec(context, command).await,
        Typed::Meter => accounting::meter(context).await,
        Typed::Receipt(command) => accounting::receipt(context, command).await,
        Typed::Forecast(asked) => foresight::forecast(context, asked).await,
        Typed::Evaluate(asked) => foresight::evaluate(context, asked).await,
        Typed::Pot(command) => rules::pot(context, command).await,
        Typed::Expire(command) => rules::expire(context, command).await,
        Typed::Pay(sale) => money::pay(context, sale).await,
        Typed::Till(command) => till::till(context, command).await,
        Typed::Refund(refund) => money::refund(context, refund).await,
        Typed::Payment(command) => money::payment(context, command).await,
        Typed::Dispute(command) => disputes::dispute(context, command).await,
        Typed::Dunning(command) => disputes::dunning(context, command).await,
        Typed::Bank(command) => treasury::bank(context, command).await,
        Typed::Payout(command) => treasury::payout(context, command).await,
        Typed::Collect(command) => treasury::collect(context, command).await,
        Typed::Federation(command) => federation::federation(context, command).await,
        Typed::Lot(command) => lot::lot(context, command).await,
        Typed::Peer(args::federation::Peer::List) => federation::peers(context).await,
        Typed::Statement(asked) => settle::statement(context, asked).await,
        Typed::Settle(command) => settle::settle(context, command).await,
        Typed::Backup(asked) => backup::backup(context, asked).await,
        Typed::Restore(asked) => backup::restore(asked).await,
        Typed::Proof(command) => keys::proof(context, command).await,
        Typed::Key(command) => epoch::key(context, command).await,
        Typed::Epoch(command) => epoch::epoch(context, command).await,
        Typed::Config(command) => config::config(command),
    }
}
