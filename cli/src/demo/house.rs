//! One caisse: its directory, its process, and how it is asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crdt::contact::Contact;
use crdt::{CaisseId, PaymentId, RequestId};
use ledger::answer::{
    AccountInfo, FederationInfo, MemberInfo, PaymentInfo, PeerInfo, ProductInfo, RunInfo,
    StatementInfo, Status, VendorInfo,
};
use ledger::verify::Report;
use ledger::{Answer, Command, Query, Refused};

use super::fixtures::Place;
use super::process::Process;
use crate::client::{Client, random};
use crate::failure::Failure;
use crate::resolve::unexpected;

/// How long a node may take to open.
const OPENING: Duration = Duration::from_secs(30);

/// How long a node may take to end in order.
const ENDING: Duration = Duration::from_secs(10);

/// Time between two questions whether it has.
const PAUSE: Duration = Duration::from_millis(20);

/// A caisse of the demo.
#[derive(Debug)]
pub struct House {
    /// Which one it is.
    pub place: Place,
    /// Where its tills find it.
    pub http: SocketAddr,
    /// Where other caisses find it, as a multiaddress.
    pub node: String,
    dir: PathBuf,
    log: PathBuf,
    client: Client,
    process: Option<Process>,
}

impl House {
    /// Makes the caisse's directory below another one, with `caisse init` and the place's configuration.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the words of `caisse init`.
    pub async fn make(place: Place, below: &Path, ports: [u16; 2]) -> Result<Self, Failure> {
        let [node, http] = ports;
        let node = format!("/ip4/127.0.0.1/tcp/{node}");
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, http));
        let dir = below.join(place.key());
        let config = below.join(format!("{}.toml", place.key()));
        std::fs::write(&config, place.config(&node, http))
            .map_err(|why| Failure::Failed(format!("{}: {why}", config.display())))?;
        let (client, log) = (Client::new(&dir), below.join(format!("{}.log", place.key())));
        let house = Self { place, http, node, dir, log, client, process: None };
        let (dir, config) = (house.dir.display().to_string(), config.display().to_string());
        house.types(&["init", &dir, "--config", &config]).await?;
        Ok(house)
    }

    /// Starts the caisse's node with `caisse run`, and waits until it answers.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it ends or does not answer.
    pub async fn start(&mut self) -> Result<(), Failure> {
        let dir = self.dir.display().to_string();
        let args = ["run", dir.as_str(), "--log", "text", "--log-level", "info"];
        self.process = Some(Process::start(&args, &self.log)?);
        let since = Instant::now();
        while self.client.query(&Query::Status).await.is_err() {
            let ended = self.process.as_mut().and_then(Process::ended);
            if ended.is_some() || since.elapsed() > OPENING {
                let (name, words) = (self.place.name(), self.last_words());
                return Err(Failure::Failed(format!("{name} does not open: {words}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Writes a backup with keys while the node runs; returns its size in bytes.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the words of `caisse backup`.
    pub async fn back_up(&self, file: &Path) -> Result<u64, Failure> {
        let passphrase = self.passphrase();
        let written = std::fs::write(&passphrase, "the demo's own passphrase\n");
        written.map_err(|why| Failure::Failed(format!("{}: {why}", passphrase.display())))?;
        let (path, locked) = (file.display().to_string(), passphrase.display().to_string());
        let args = ["backup", &path, "--with-keys", "--passphrase-file", &locked];
        self.types_here(&args).await?;
        let size = std::fs::metadata(file).map(|file| file.len());
        size.map_err(|why| Failure::Failed(format!("{}: {why}", file.display())))
    }

    /// Puts a backup in the place of what the caisse has, which is moved aside.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the words of `caisse restore`.
    pub async fn restore(&self, file: &Path) -> Result<(), Failure> {
        let (dir, file) = (self.dir.display().to_string(), file.display().to_string());
        let locked = self.passphrase().display().to_string();
        let args = ["restore", &file, "--to", &dir, "--force", "--passphrase-file", &locked];
        self.types(&args).await
    }

    fn passphrase(&self) -> PathBuf {
        self.log.with_extension("passphrase")
    }

    /// Runs this program in the caisse's directory as the operator does, to its end.
    ///
    /// # Errors
    /// As [`House::types`].
    pub async fn types_here(&self, args: &[&str]) -> Result<(), Failure> {
        let dir = self.dir.display().to_string();
        let args: Vec<&str> = ["-C", dir.as_str()].iter().chain(args).copied().collect();
        self.types(&args).await
    }

    /// Runs this program as people do, to its end.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the last line that it said.
    pub async fn types(&self, args: &[&str]) -> Result<(), Failure> {
        let mut process = Process::start(args, &self.log)?;
        match process.end_within(OPENING).await {
            Some(status) if status.success() => Ok(()),
            _ => {
                let (name, words) = (self.place.name(), self.last_words());
                Err(Failure::Failed(format!("{name}: {words}")))
            }
        }
    }

    /// Returns the last line of the node's log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("it says nothing").to_owned()
    }

    /// Returns the caisse's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns where its log is.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the node's process number; 0 if it does not run.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().map_or(0, Process::id)
    }

    /// Makes the node stand still.
    pub fn freeze(&self) {
        if let Some(process) = &self.process {
            process.freeze();
        }
    }

    /// Kills the node without a word.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Asks the node to end in order.
    pub fn ask_to_end(&self) {
        if let Some(process) = &self.process {
            process.ask_to_end();
        }
    }

    /// Waits until a node that was asked to end has ended, and returns its exit code; `None` if it had
    /// to be killed or did not run.
    pub async fn ended(&mut self) -> Option<i32> {
        self.process.take()?.end_within(ENDING).await?.code()
    }

    /// Asks for something that may be refused.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn command(&self, command: &Command) -> Result<Answer, Failure> {
        self.client.command(RequestId::new(random()?), command).await
    }

    /// Asks for something that must be done.
    ///
    /// # Errors
    /// As [`Client::command`], with the caisse's name.
    pub async fn done(&self, command: &Command) -> Result<Answer, Failure> {
        self.command(command).await.map_err(|failure| self.named(&failure))
    }

    /// Asks a question that may be refused.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn query(&self, question: &Query) -> Result<Answer, Failure> {
        self.client.query(question).await
    }

    fn named(&self, failure: &Failure) -> Failure {
        Failure::Failed(format!("{}: {failure}", self.place.name()))
    }

    async fn ask<T>(
        &self,
        question: Query,
        pick: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<T, Failure> {
        let answer = self.query(&question).await.map_err(|failure| self.named(&failure))?;
        pick(answer).ok_or_else(unexpected)
    }
}

/// Makes a method that asks one question and takes the answer out of its variant.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?)
        = $question:expr => $variant:ident($bound:ident) -> $answer:ty = $value:expr;)*) => {
        impl House {
            $($(#[$doc])*
            ///
            /// # Errors
            /// As [`Client::query`], with the caisse's name.
            pub async fn $name(&self $(, $argument: $type)?) -> Result<$answer, Failure> {
                let pick = |answer| match answer {
                    Answer::$variant($bound) => Some($value),
                    _ => None,
                };
                self.ask($question, pick).await
            })*
        }
    };
}

questions! {
    /// Asks how the caisse is.
    status() = Query::Status => Status(status) -> Status = *status;
    /// Asks for all members.
    members() = Query::Members => Members(list) -> Vec<MemberInfo> = list;
    /// Asks for all vendors.
    vendors() = Query::Vendors => Vendors(list) -> Vec<VendorInfo> = list;
    /// Asks for the caisse's own contact.
    contact() = Query::Contact => Contact(contact) -> Contact = *contact;
    /// Asks for the register.
    federation() = Query::Federation => Federation(info) -> FederationInfo = *info;
    /// Asks for the partners.
    peers() = Query::Peers => Peers(list) -> Vec<PeerInfo> = list;
    /// Asks for the whole catalogue.
    catalogue() = Query::Catalogue { text: String::new(), limit: ledger::limits::ROWS }
        => Catalogue(list) -> Vec<ProductInfo> = list;
    /// Asks what the caisse and another one owe each other.
    statement(with: CaisseId) = Query::Statement { with }
        => Statement(info) -> StatementInfo = *info;
    /// Asks for the settlement runs.
    runs() = Query::Runs => Runs(list) -> Vec<RunInfo> = list;
    /// Asks for all accounts of the books.
    accounts() = Query::Accounts => Accounts(list) -> Vec<AccountInfo> = list;
    /// Asks the caisse to verify everything.
    verify() = Query::Verify => Verified(report) -> Report = *report;
}

impl House {
    /// Asks for a payment, which may not be known.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn payment(&self, payment: PaymentId) -> Result<Option<PaymentInfo>, Failure> {
        match self.query(&Query::Payment(payment)).await {
            Ok(Answer::Payment(info)) => Ok(Some(*info)),
            Ok(_) => Err(unexpected()),
            Err(Failure::Refused(why)) if *why == Refused::NotFound => Ok(None),
            Err(failure) => Err(self.named(&failure)),
        }
    }
}
