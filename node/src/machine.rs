//! The one task that owns the machine: inputs in, one commit, then everything is said.
//!
//! Inputs that wait together are one batch: each is handled on its own, all their writes are one commit
//! of the store, and only then is anything sent or answered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crdt::contact::Contact;
use crdt::feed::{Envelope, FeedId, Head, Keyring, Verified};
use crdt::message::Message;
use crdt::{CaisseId, RequestId, Timestamp, wire};
use ledger::federation::{SecondCopy, entries_after};
use ledger::{Caisse, Command, Effect, Input, Outcome, Query};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::backup::{self, BackupError, Lock, Written};
use crate::metrics::Metrics;
use crate::store::{Overlay, Store, StoreError};

/// Inputs in one batch: enough to share a commit among all tills of a busy caisse, few enough that the
/// first does not wait long for the last.
pub const BATCH: usize = 256;

/// Jobs that wait for the machine; whoever brings one more waits itself.
pub const JOBS_QUEUED: usize = 1_024;

/// Bytes of partners' messages that wait for the machine, in KiB: some twenty of the largest, so that a
/// partner with large messages does not fill the memory with them.
pub const HEARD_KIB_QUEUED: u32 = 16 * 1_024;

/// Messages that wait for the network.
pub const SAID_QUEUED: usize = 4_096;

/// What the machine is asked.
#[derive(Debug)]
enum Job {
    /// With its share of what may wait, given back once it was handled.
    Input(Input, Option<OwnedSemaphorePermit>),
    Command {
        request: RequestId,
        command: Command,
        reply: oneshot::Sender<Outcome>,
    },
    Query {
        question: Query,
        reply: oneshot::Sender<Outcome>,
    },
    Backup {
        file: PathBuf,
        lock: Option<Lock>,
        reply: oneshot::Sender<BackedUp>,
    },
}

/// What became of a backup.
pub type BackedUp = Result<Written, BackupError>;

/// What the machine says to other caisses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message to one of them, encoded.
    To(CaisseId, Vec<u8>),
    /// An announcement to all, encoded.
    All(Vec<u8>),
    /// With whom to keep contact, in which federation.
    Partners(Option<Arc<Keyring>>, Vec<Contact>),
}

/// The machine has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the caisse is stopping")]
pub struct Stopped;

/// The way to ask a running machine.
#[derive(Clone, Debug)]
pub struct Handle {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    keyring: watch::Receiver<Option<Arc<Keyring>>>,
}

impl Handle {
    /// Brings in what the network heard.
    ///
    /// # Errors
    /// [`Stopped`] if the machine takes nothing any more.
    pub async fn input(&self, input: Input) -> Result<(), Stopped> {
        self.jobs.send(Job::Input(input, None)).await.map_err(|_| Stopped)
    }

    /// Brings in a message of so many bytes, once there is room for them.
    ///
    /// # Errors
    /// As [`Handle::input`].
    pub async fn heard(&self, input: Input, bytes: usize) -> Result<(), Stopped> {
        let share = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let share = share.clamp(1, HEARD_KIB_QUEUED);
        let share = Arc::clone(&self.room).acquire_many_owned(share).await.map_err(|_| Stopped)?;
        self.jobs.send(Job::Input(input, Some(share))).await.map_err(|_| Stopped)
    }

    /// Asks for something and waits for the answer, which is durable when it comes.
    ///
    /// # Errors
    /// [`Stopped`] if the machine stopped before it answered.
    pub async fn command(&self, request: RequestId, command: Command) -> Result<Outcome, Stopped> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Command { request, command, reply };
        self.jobs.send(job).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Asks a question.
    ///
    /// # Errors
    /// [`Stopped`] if the machine stopped before it answered.
    pub async fn query(&self, question: Query) -> Result<Outcome, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Query { question, reply }).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Writes a backup while the machine stands still: what is in it is what was acknowledged.
    ///
    /// # Errors
    /// [`Stopped`] if the machine stopped before it answered.
    pub async fn backup(&self, file: PathBuf, lock: Option<Lock>) -> Result<BackedUp, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Backup { file, lock, reply }).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Returns the keys by which entries are checked now.
    #[must_use]
    pub fn keyring(&self) -> Option<Arc<Keyring>> {
        self.keyring.borrow().clone()
    }
}

/// Why the machine cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process writes under our keys.
    #[error(transparent)]
    SecondCopy(#[from] SecondCopy),
}

/// The machine with its disk.
pub struct Machine {
    caisse: Caisse,
    store: Store,
    jobs: mpsc::Receiver<Job>,
    said: mpsc::Sender<Said>,
    keyring: watch::Sender<Option<Arc<Keyring>>>,
    waiting: BTreeMap<RequestId, Vec<oneshot::Sender<Outcome>>>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// Wall-clock time that never goes back while the process runs.
#[derive(Clone, Copy, Debug)]
struct Clock {
    wall_ms: i64,
    since: Instant,
}

impl Clock {
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX), since: Instant::now() }
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_ms(self.wall_ms.saturating_add(passed))
    }

    fn instant(&self, at: Timestamp) -> Instant {
        let after = u64::try_from(at.as_ms().saturating_sub(self.wall_ms)).unwrap_or(0);
        self.since + std::time::Duration::from_millis(after)
    }
}

/// What is said once a batch is on stable storage.
enum After {
    Said(Said),
    Range { to: CaisseId, feed: FeedId, after: u64 },
    Reply(RequestId, Outcome),
    Answer(oneshot::Sender<Outcome>, Outcome),
}

impl Machine {
    /// Puts a loaded caisse to work on its store. Returns the machine, the way to ask it, and what it
    /// says to other caisses.
    ///
    /// # Errors
    /// [`StoreError`] if what a first start stores cannot be stored.
    pub fn new(
        loaded: (Caisse, Vec<Effect>),
        store: Store,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Handle, mpsc::Receiver<Said>), StoreError> {
        let (caisse, effects) = loaded;
        let (jobs_in, jobs) = mpsc::channel(JOBS_QUEUED);
        let (said, heard) = mpsc::channel(SAID_QUEUED);
        let (keyring, current) = watch::channel(caisse.keyring().cloned().map(Arc::new));
        let clock = Clock::start();
        let waiting = BTreeMap::new();
        let machine = Self { caisse, store, jobs, said, keyring, waiting, metrics, clock };
        for effect in effects {
            match effect {
                Effect::Persist(writes) => machine.store.commit(&writes)?,
                Effect::Partners(partners) => {
                    let keyring = machine.keyring.borrow().clone();
                    // The queue is new and empty.
                    let _ = machine.said.try_send(Said::Partners(keyring, partners));
                }
                // A machine says nothing to anyone before it has heard anything.
                Effect::Send { .. }
                | Effect::SendRange { .. }
                | Effect::Announce(_)
                | Effect::Reply { .. } => {}
            }
        }
        let room = Arc::new(Semaphore::new(HEARD_KIB_QUEUED as usize));
        Ok((machine, Handle { jobs: jobs_in, room, keyring: current }, heard))
    }

    /// Works until told to stop, or until nobody can ask any more.
    ///
    /// # Errors
    /// [`WorkError`] if the store failed or a second copy runs: then nothing of the last batch was said.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), WorkError> {
        loop {
            let wake = self.caisse.next_wakeup().map(|at| self.clock.instant(at));
            let sleep = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {
                    return self.store.failed().map_or(Ok(()), |why| Err(why.into()));
                }
                job = self.jobs.recv() => match job {
                    Some(job) => batch.push(job),
                    None => return Ok(()),
                },
                () = sleep => batch.push(Job::Input(Input::Woke, None)),
            }
            while batch.len() < BATCH
                && let Ok(job) = self.jobs.try_recv()
            {
                batch.push(job);
            }
            let after = tokio::task::block_in_place(|| self.work(batch))?;
            for action in after {
                self.say(action).await;
            }
        }
    }

    /// Handles a batch and commits it.
    fn work(&mut self, batch: Vec<Job>) -> Result<Vec<After>, WorkError> {
        let mut overlay = Overlay::new(&self.store);
        let mut after = Vec::new();
        let mut backups = Vec::new();
        self.metrics.batch_size.observe(batch.len() as f64);
        for job in batch {
            let now = self.clock.now();
            let input = match job {
                Job::Input(input, share) => {
                    drop(share);
                    input
                }
                Job::Command { request, command, reply } => {
                    self.waiting.entry(request).or_default().push(reply);
                    Input::Command { request, command }
                }
                Job::Query { question, reply } => {
                    let outcome = self.caisse.query(now, &question, &overlay);
                    after.push(After::Answer(reply, outcome));
                    continue;
                }
                Job::Backup { file, lock, reply } => {
                    backups.push((file, lock, reply));
                    continue;
                }
            };
            let effects = self.caisse.handle(now, input, &overlay);
            if let Some(copy) = self.caisse.second_copy() {
                // The whole batch is dropped: nothing of it was said.
                return Err(copy.into());
            }
            for effect in effects {
                match effect {
                    Effect::Persist(writes) => overlay.apply(writes),
                    Effect::Send { to, message } => {
                        let bytes = wire::encode(&message.into_wire());
                        after.push(After::Said(Said::To(to, bytes)));
                    }
                    Effect::SendRange { to, feed, after: place } => {
                        after.push(After::Range { to, feed, after: place });
                    }
                    Effect::Announce(heads) => after.push(After::Said(announcement(heads))),
                    Effect::Reply { request, outcome } => {
                        after.push(After::Reply(request, outcome));
                    }
                    Effect::Partners(partners) => {
                        let keyring = self.caisse.keyring().cloned().map(Arc::new);
                        self.keyring.send_replace(keyring.clone());
                        after.push(After::Said(Said::Partners(keyring, partners)));
                    }
                }
            }
        }
        let writes = overlay.into_writes();
        if let Some(failed) = self.store.failed() {
            return Err(failed.into());
        }
        if !writes.is_empty() {
            let begun = Instant::now();
            self.store.commit(&writes)?;
            self.metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
        }
        for (file, lock, reply) in backups {
            // Whoever asked may have gone away.
            let now = self.clock.now();
            drop(reply.send(backup::write(&self.store, &file, lock.as_ref(), now)));
        }
        self.metrics.observe(&self.caisse);
        Ok(after)
    }

    async fn say(&mut self, action: After) {
        match action {
            // A network that has stopped hears nothing more, and the process is ending.
            After::Said(said) => drop(self.said.send(said).await),
            After::Range { to, feed, after } => {
                if let Some(message) = range(&self.store, feed, after) {
                    let _ = self.said.send(Said::To(to, wire::encode(&message))).await;
                }
            }
            After::Reply(request, outcome) => {
                self.metrics.answered(&outcome);
                for reply in self.waiting.remove(&request).unwrap_or_default() {
                    let _ = reply.send(outcome.clone());
                }
            }
            After::Answer(reply, outcome) => drop(reply.send(outcome)),
        }
    }
}

fn announcement(heads: Vec<Head>) -> Said {
    let message: Message<Envelope> = Message::<Verified>::Grown(heads).into_wire();
    Said::All(wire::encode(&message))
}

/// Reads the stored entries of a feed after a place, as many as fit one message: the bytes as they
/// were signed.
fn range(store: &Store, feed: FeedId, after: u64) -> Option<Message<Envelope>> {
    let rows = entries_after(store, feed, after, crdt::limits::ENTRIES_PER_MESSAGE);
    let mut bytes = 0;
    let fit = rows.into_iter().take_while(|(_, row)| {
        bytes += row.len();
        bytes <= crdt::limits::ENTRY_BYTES_PER_MESSAGE
    });
    let entries: Vec<Envelope> = fit.filter_map(|(_, row)| wire::decode(&row).ok()).collect();
    (!entries.is_empty()).then_some(Message::Entries(entries))
}
