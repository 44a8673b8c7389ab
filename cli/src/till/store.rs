//! The file of a till's stored sales: one line each, on stable storage before the vendor is told anything.
//!
//! A line that was being written when the power went has no end: it was never told to anyone, and the next
//! write takes it away. What was answered is written after it, so a sale is sent again only under its own id.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crdt::card::CardText;
use crdt::{Cents, PaymentId, Timestamp};
use ledger::command::PaymentCode;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// A sale that was made without a network: stored, not yet paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The sale's id, for its whole life.
    pub id: PaymentId,
    /// When, by the till's clock.
    pub at: Timestamp,
    /// The card.
    pub card: CardText,
    /// The whole price.
    pub amount: Cents,
    /// The code, sealed to the card's caisse.
    pub code: PaymentCode,
}

/// What became of a stored sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Paid.
    Paid {
        /// What the caisse pays.
        covered: Cents,
        /// What the member pays.
        member_share: Cents,
    },
    /// Refused for good: the vendor bears it.
    Refused {
        /// The name of the refusal.
        kind: String,
        /// The refusal in words.
        message: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Sale(Stored),
    Ended { id: PaymentId, amount: Cents, ended: Ended },
}

/// The stored sales of a till, for one process at a time.
pub struct Store {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends.
    end: u64,
    /// What waits, oldest first.
    waiting: Vec<Stored>,
    /// What has ended, with its price, in the order of the answers.
    ended: Vec<(PaymentId, Cents, Ended)>,
}

impl Store {
    /// Opens the file of a till's directory, and waits for any other process that has it open.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be read, or a line that is not the last is broken.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("sales.jsonl");
        let failed = |why: std::io::Error| Failure::Failed(format!("{}: {why}", path.display()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        // The name of a new file must last as well as what is in it.
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut store =
            Self { end: end as u64, file, path, waiting: Vec::new(), ended: Vec::new() };
        for (number, line) in bytes[..end].split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() {
                store.read(number + 1, line)?;
            }
        }
        Ok(store)
    }

    fn read(&mut self, number: usize, line: &[u8]) -> Result<(), Failure> {
        let line = serde_json::from_slice(line).map_err(|why| {
            let path = self.path.display();
            Failure::Failed(format!("{path}:{number}: {why}; keep a copy and take the line out"))
        })?;
        self.take_in(line);
        Ok(())
    }

    fn take_in(&mut self, line: Line) {
        match line {
            Line::Sale(sale) if self.knows(sale.id) => {}
            Line::Sale(sale) => self.waiting.push(sale),
            Line::Ended { id, amount, ended } => {
                self.waiting.retain(|sale| sale.id != id);
                if !self.ended.iter().any(|(known, ..)| *known == id) {
                    self.ended.push((id, amount, ended));
                }
            }
        }
    }

    /// Returns whether a sale of this id is stored, or has ended.
    #[must_use]
    pub fn knows(&self, id: PaymentId) -> bool {
        self.waiting.iter().any(|sale| sale.id == id)
            || self.ended.iter().any(|(known, ..)| *known == id)
    }

    /// Returns what waits, oldest first.
    #[must_use]
    pub fn waiting(&self) -> &[Stored] {
        &self.waiting
    }

    /// Returns what has ended, with its price.
    #[must_use]
    pub fn ended(&self) -> &[(PaymentId, Cents, Ended)] {
        &self.ended
    }

    /// Stores a sale; it is on stable storage when this returns.
    ///
    /// # Errors
    /// [`Failure::Failed`]: then the sale must not be told to anyone.
    pub fn add(&mut self, sale: Stored) -> Result<(), Failure> {
        self.append(Line::Sale(sale))
    }

    /// Stores what became of a sale.
    ///
    /// # Errors
    /// [`Failure::Failed`]: then it is asked for again, under the same id.
    pub fn end(&mut self, sale: &Stored, ended: Ended) -> Result<(), Failure> {
        self.append(Line::Ended { id: sale.id, amount: sale.amount, ended })
    }

    fn append(&mut self, line: Line) -> Result<(), Failure> {
        let failed = |why: std::io::Error| {
            Failure::Failed(format!("{}: {why}: nothing was sold", self.path.display()))
        };
        let mut bytes = serde_json::to_vec(&line).map_err(|why| failed(why.into()))?;
        bytes.push(b'\n');
        self.file.set_len(self.end).map_err(failed)?;
        self.file.seek(SeekFrom::Start(self.end)).map_err(failed)?;
        self.file.write_all(&bytes).and_then(|()| self.file.sync_all()).map_err(failed)?;
        self.end += bytes.len() as u64;
        self.take_in(line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::CaisseId;
    use crdt::card::card_id;

    fn sale(number: u8) -> Stored {
        let card = CardText::Number(card_id(&CaisseId::new([7; 32]), [1; 6]));
        let code = PaymentCode::Plain("4071".parse().expect("four digits"));
        let id = PaymentId::new([number; 16]);
        Stored { id, at: Timestamp::from_ms(5), card, amount: Cents::from_u32(1_250), code }
    }

    fn ended() -> Ended {
        Ended::Refused { kind: "card_blocked".to_owned(), message: "blocked".to_owned() }
    }

    #[test]
    fn a_store_cut_anywhere_holds_every_line_that_was_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path()).expect("it opens");
        let mut ends = vec![0];
        for step in 0..4 {
            let done = match step {
                2 => store.end(&sale(0), ended()),
                n => store.add(sale(n)),
            };
            done.expect("it is stored");
            ends.push(store.end as usize);
        }
        drop(store);
        let path = dir.path().join("sales.jsonl");
        let whole = std::fs::read(&path).expect("it is there");
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("our own");
            let mut store = Store::open(dir.path()).expect("a torn last line is tolerated");
            let lines = ends.iter().filter(|end| **end <= cut).count() - 1;
            let counts = [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1)][lines];
            assert_eq!((store.waiting().len(), store.ended().len()), counts, "cut at {cut}");
            store.add(sale(9)).expect("it is stored");
            drop(store);
            let store = Store::open(dir.path()).expect("what was torn is gone");
            assert!(store.knows(sale(9).id));
            assert_eq!(store.waiting().len(), counts.0 + 1);
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_named_and_nothing_is_lost() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("sales.jsonl");
        let mut store = Store::open(dir.path()).expect("it opens");
        store.add(sale(1)).expect("it is stored");
        drop(store);
        let mut bytes = std::fs::read(&path).expect("it is there");
        bytes.splice(0..0, *b"{\"sale\":{}}\n");
        std::fs::write(&path, &bytes).expect("our own");
        let refused = Store::open(dir.path()).err().map(|failure| failure.to_string());
        assert!(refused.is_some_and(|text| text.contains("sales.jsonl:1:")));
        assert_eq!(std::fs::read(&path).expect("it is there"), bytes);
    }

    #[test]
    fn the_same_sale_is_stored_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path()).expect("it opens");
        for _ in 0..2 {
            store.add(sale(1)).expect("it is stored");
        }
        store.end(&sale(1), ended()).expect("it ended");
        store.add(sale(1)).expect("heard again");
        assert!(store.waiting().is_empty());
    }
}
