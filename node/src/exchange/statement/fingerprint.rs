//! Knowing a line of a statement again.

use std::collections::BTreeMap;

use crdt::Digest;
use crdt::digest::Domain;

use super::{Entry, EntryStatus, Side};
use crate::exchange::iban::Iban;

/// Gives every line of a file its fingerprint.
///
/// It covers the account, the bank's reference, the amount, the side, the status, both days, the
/// end-to-end id and the remittance, and the number of the line among those of the file that are the
/// same in all that. So a file that is read twice, in either version, or a longer one for the same days, gives the
/// same lines the same fingerprints; two equal payments of one day have two.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Fingerprints {
    seen: BTreeMap<Digest, u32>,
}

impl Fingerprints {
    /// Fills in the fingerprints of an entry's lines.
    pub fn mark(&mut self, account: Iban, entry: &mut Entry) {
        let (status, booked_on, valued_on) = (entry.status, entry.booked_on, entry.valued_on);
        for line in &mut entry.lines {
            let mut content = Content::default();
            content.text(account.as_str());
            let reference = line.bank_reference.as_deref().or(entry.bank_reference.as_deref());
            content.optional(reference);
            content.0.extend(line.amount.get().to_be_bytes());
            content.0.push(match line.side {
                Side::Credit => 1,
                Side::Debit => 2,
            });
            content.0.push(match status {
                EntryStatus::Booked => 1,
                EntryStatus::Pending => 2,
                EntryStatus::Information => 3,
            });
            for day in [booked_on, valued_on] {
                content.optional(day.map(|day| day.to_string()).as_deref());
            }
            content.optional(line.end_to_end.as_deref());
            content.text(&line.remittance);
            content.0.extend((line.creditor_references.len() as u64).to_be_bytes());
            for reference in &line.creditor_references {
                content.text(reference);
            }
            line.fingerprint = self.number(content);
        }
    }

    fn number(&mut self, mut content: Content) -> Digest {
        let seen = self.seen.entry(Domain::BankLine.hash(&content.0)).or_default();
        content.0.extend(seen.to_be_bytes());
        *seen = seen.saturating_add(1);
        Domain::BankLine.hash(&content.0)
    }
}

/// Fields in a row, each with its length, so that no two different rows are the same bytes.
#[derive(Debug, Default)]
struct Content(Vec<u8>);

impl Content {
    fn text(&mut self, text: &str) {
        self.0.extend((text.len() as u64).to_be_bytes());
        self.0.extend(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }
}
