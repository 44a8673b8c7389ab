//! What the files of payments have in common: parties, SEPA's limits, and how the bytes are made.

mod message;

use std::collections::BTreeMap;

use crdt::{Cents, Timestamp};

use super::date::Date;
use super::iban::{Bic, EndToEndId, Iban};
use super::limits::{
    PAYMENTS_PER_FILE, SEPA_NAME_CHARS, SEPA_PAYMENT_CENTS, SEPA_REMITTANCE_CHARS,
};
use super::sepa_text::to_sepa;

pub(super) use message::{BicName, Message};

/// One side of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The name; it is written in SEPA's characters, at most 70 of them.
    pub name: String,
    /// The account.
    pub iban: Iban,
    /// The bank; within SEPA nobody needs it.
    pub bic: Option<Bic>,
}

/// How the bank books the payments of a file on the account of the one who orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchBooking {
    /// All as one sum.
    OneSum,
    /// Each as an entry of its own.
    EachAlone,
}

/// A file of payments, and what had to be changed to make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFile {
    /// The file: XML in UTF-8. The same payments give the same bytes.
    pub bytes: Vec<u8>,
    /// How many payments it has.
    pub count: usize,
    /// What they sum to.
    pub total: Cents,
    /// Every text that is not written as it was given.
    pub changes: Vec<Change>,
}

/// A text that is not written as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which payment it belongs to, from 0; nothing for the one who orders them.
    pub payment: Option<usize>,
    /// Which text.
    pub field: Field,
    /// What was done.
    pub how: HowChanged,
    /// What is written.
    pub written: String,
}

/// A text in a file of payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A party's name.
    Name,
    /// What the payment is for.
    Remittance,
}

/// What was done to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowChanged {
    /// Characters that not every bank takes were replaced: accents, signs, doubled spaces.
    Respelled,
    /// It was too long, and its end is missing.
    Cut,
}

/// Why no file can be made, in order of precedence.
///
/// `payment` counts from 0; nothing stands for the one who orders them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentFileRefused {
    /// There is nothing to pay.
    #[error("there are no payments")]
    NoPayments,
    /// More than banks take in one file.
    #[error("more than {PAYMENTS_PER_FILE} payments: make several files")]
    TooManyPayments,
    /// The creation has a year that nobody can mean.
    #[error("the time of creation is no day of this age")]
    Created,
    /// An account that SEPA payments do not reach.
    #[error("{}: the account is in a country outside of SEPA", place(*payment))]
    NotSepa {
        /// Whose account.
        payment: Option<usize>,
    },
    /// A name without a letter or digit that can be written.
    #[error("{}: the name has no letter that can be written", place(*payment))]
    NoName {
        /// Whose name.
        payment: Option<usize>,
    },
    /// Nothing, or more than SEPA allows.
    #[error("payment {}: {amount} is not between 0.01 and 999999999.99", payment + 1)]
    Amount {
        /// Which payment.
        payment: usize,
        /// Its amount.
        amount: Cents,
    },
    /// Two payments with one name could not be told apart on the statement.
    #[error("payments {} and {} have the same end-to-end id", earlier + 1, payment + 1)]
    SameEndToEndId {
        /// The first of that name.
        earlier: usize,
        /// The other.
        payment: usize,
    },
}

fn place(payment: Option<usize>) -> String {
    payment.map_or("the one who orders".to_owned(), |number| format!("payment {}", number + 1))
}

/// A payment as far as both directions have it in common.
pub(super) struct Payment<'a> {
    pub end_to_end: &'a EndToEndId,
    pub amount: Cents,
    pub other: &'a Party,
    pub remittance: &'a str,
}

/// The texts of a file as they are written, checked, in the order of the payments.
pub(super) struct Checked {
    pub created: String,
    pub owner_name: String,
    /// The name of the other side, and what the payment is for.
    pub texts: Vec<(String, String)>,
    pub total: Cents,
    pub changes: Vec<Change>,
}

/// Checks everything that both directions have in common, before a byte is written.
pub(super) fn check(
    created: Timestamp,
    owner: &Party,
    payments: &[Payment<'_>],
) -> Result<Checked, PaymentFileRefused> {
    if payments.is_empty() {
        return Err(PaymentFileRefused::NoPayments);
    }
    if payments.len() > PAYMENTS_PER_FILE {
        return Err(PaymentFileRefused::TooManyPayments);
    }
    let created = date_time(created).ok_or(PaymentFileRefused::Created)?;
    let mut changes = Vec::new();
    let owner_name = party(None, owner, &mut changes)?;
    let mut texts = Vec::with_capacity(payments.len());
    for (number, payment) in payments.iter().enumerate() {
        let name = party(Some(number), payment.other, &mut changes)?;
        let amount = payment.amount;
        if amount.is_zero() || amount.get() > SEPA_PAYMENT_CENTS {
            return Err(PaymentFileRefused::Amount { payment: number, amount });
        }
        let mut text =
            Text { payment: Some(number), field: Field::Remittance, changes: &mut changes };
        texts.push((name, text.write(payment.remittance, SEPA_REMITTANCE_CHARS)));
    }
    check_ids(payments)?;
    let total = Cents::checked_sum(payments.iter().map(|payment| payment.amount))
        .expect("the largest payment times the most payments is an amount");
    Ok(Checked { created, owner_name, texts, total, changes })
}

fn check_ids(payments: &[Payment<'_>]) -> Result<(), PaymentFileRefused> {
    let mut seen = BTreeMap::new();
    for (number, payment) in payments.iter().enumerate() {
        if let Some(earlier) = seen.insert(payment.end_to_end, number) {
            return Err(PaymentFileRefused::SameEndToEndId { earlier, payment: number });
        }
    }
    Ok(())
}

fn party(
    payment: Option<usize>,
    party: &Party,
    changes: &mut Vec<Change>,
) -> Result<String, PaymentFileRefused> {
    if !party.iban.is_sepa() {
        return Err(PaymentFileRefused::NotSepa { payment });
    }
    let name = Text { payment, field: Field::Name, changes }.write(&party.name, SEPA_NAME_CHARS);
    if !name.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Err(PaymentFileRefused::NoName { payment });
    }
    Ok(name)
}

/// A moment as messages have it, in UTC and to the second: `2026-11-25T08:00:00Z`.
fn date_time(moment: Timestamp) -> Option<String> {
    let shown = moment.to_string();
    let (day, time) = shown.split_once(' ')?;
    let day: Date = day.parse().ok()?;
    Some(format!("{day}T{time}Z"))
}

/// A text on its way into a file.
struct Text<'a> {
    payment: Option<usize>,
    field: Field,
    changes: &'a mut Vec<Change>,
}

impl Text<'_> {
    fn write(&mut self, given: &str, most: usize) -> String {
        let mut written = to_sepa(given);
        let respelled = written != given;
        // Only ASCII is left, so that bytes are characters.
        let cut = written.len() > most;
        if cut {
            written.truncate(most);
            written.truncate(written.trim_end().len());
        }
        for (changed, how) in [(respelled, HowChanged::Respelled), (cut, HowChanged::Cut)] {
            if changed {
                let (payment, field, written) = (self.payment, self.field, written.clone());
                self.changes.push(Change { payment, field, how, written });
            }
        }
        written
    }
}

impl BatchBooking {
    /// Returns the indicator of the messages.
    pub(super) const fn indicator(self) -> &'static str {
        match self {
            Self::OneSum => "true",
            Self::EachAlone => "false",
        }
    }
}
