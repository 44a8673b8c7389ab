//! The operator of a node: what a person would type, as commands of the same door.

use std::path::Path;
use std::time::{Duration, Instant};

use cli::client::{Client, random};
use cli::failure::Failure;
use crdt::RequestId;
use crdt::contact::Contact;
use ledger::account::{Account, Counters};
use ledger::answer::{FederationInfo, PaymentInfo, Status};
use ledger::verify::Report;
use ledger::{Answer, Command, Query};

use crate::Trouble;
use crate::trouble::PATIENCE;

/// How often something is asked again that no event tells.
const AGAIN: Duration = Duration::from_millis(10);

/// The operator of one node.
#[derive(Clone, Debug)]
pub struct Operator {
    client: Client,
}

impl Operator {
    /// Names a node by its caisse's directory.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { client: Client::new(dir) }
    }

    /// Asks for something that must be done.
    ///
    /// # Errors
    /// [`Trouble::Operator`] if it is refused or not answered.
    pub async fn done(&self, command: &Command) -> Result<Answer, Trouble> {
        Ok(self.client.command(RequestId::new(random()?), command).await?)
    }

    /// Asks for something under one id until it is done or refused, however often the node goes away.
    ///
    /// # Errors
    /// The refusal, or what keeps an answer away for longer than [`PATIENCE`].
    pub async fn answered(&self, request: RequestId, command: &Command) -> Result<Answer, Failure> {
        let begun = Instant::now();
        loop {
            match self.client.command(request, command).await {
                Err(Failure::Unreachable { .. } | Failure::Unanswered { .. })
                    if begun.elapsed() < PATIENCE =>
                {
                    tokio::time::sleep(AGAIN).await;
                }
                answer => return answer,
            }
        }
    }

    /// Asks a question.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn ask(&self, question: &Query) -> Result<Answer, Trouble> {
        Ok(self.client.query(question).await?)
    }

    /// Asks again until the answer is as wished.
    ///
    /// # Errors
    /// [`Trouble::Late`] with the last answer, or as [`Operator::done`].
    pub async fn until(
        &self,
        what: &str,
        question: &Query,
        wished: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, Trouble> {
        let begun = Instant::now();
        loop {
            let answer = self.ask(question).await?;
            if wished(&answer) {
                return Ok(answer);
            }
            if begun.elapsed() > PATIENCE {
                return Err(Trouble::late(format!("{what}; the last answer was {answer:?}")));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Returns the caisse's contact.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn contact(&self) -> Result<Contact, Trouble> {
        match self.ask(&Query::Contact).await? {
            Answer::Contact(contact) => Ok(*contact),
            other => Err(Trouble::answer("contact", other)),
        }
    }

    /// Returns how the caisse is.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn status(&self) -> Result<Status, Trouble> {
        match self.ask(&Query::Status).await? {
            Answer::Status(status) => Ok(*status),
            other => Err(Trouble::answer("status", other)),
        }
    }

    /// Returns every account with its counters.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn accounts(&self) -> Result<Vec<(Account, Counters)>, Trouble> {
        match self.ask(&Query::Accounts).await? {
            Answer::Accounts(list) => Ok(list.iter().map(|a| (a.account, a.counters)).collect()),
            other => Err(Trouble::answer("accounts", other)),
        }
    }

    /// Returns where a payment stands, `None` if the caisse never heard of it.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn payment(&self, id: crdt::PaymentId) -> Result<Option<PaymentInfo>, Trouble> {
        match self.client.query(&Query::Payment(id)).await {
            Ok(Answer::Payment(info)) => Ok(Some(*info)),
            Ok(other) => Err(Trouble::answer("payment", other)),
            Err(Failure::Refused(why)) if *why == ledger::Refused::NotFound => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Re-derives everything.
    ///
    /// # Errors
    /// As [`Operator::done`]; that something differs is part of the report.
    pub async fn verify(&self) -> Result<Report, Trouble> {
        match self.ask(&Query::Verify).await? {
            Answer::Verified(report) => Ok(*report),
            other => Err(Trouble::answer("verify", other)),
        }
    }

    /// Returns the register as this caisse knows it.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn register_until(
        &self,
        what: &str,
        wished: impl Fn(&FederationInfo) -> bool,
    ) -> Result<(), Trouble> {
        let is = |answer: &Answer| matches!(answer, Answer::Federation(info) if wished(info));
        self.until(what, &Query::Federation, is).await.map(drop)
    }
}
