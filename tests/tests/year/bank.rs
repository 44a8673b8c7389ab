//! The bank: what moved on the caisse's account, in cents, and what it was for as the payer knows it.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{Date, MemberId, Month, VendorId};

/// The caisse's account.
pub const OWN: &str = "FR5499999000010000000012345";

/// What a movement was for, as those who made it know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// A member's contribution for a month; `clear` when the line says so in a way that a machine reads.
    Contribution {
        member: MemberId,
        month: Month,
        clear: bool,
    },
    /// A debit that was collected, and one that came back.
    Debit {
        member: MemberId,
    },
    DebitBack {
        member: MemberId,
        month: Month,
    },
    /// A transfer to a vendor, and one that came back.
    Payout {
        vendor: VendorId,
    },
    PayoutBack {
        vendor: VendorId,
    },
    /// Money of the grant.
    Grant,
    /// Something that is of nobody, such as fees.
    Other,
}

/// A movement, positive when money comes in.
#[derive(Clone, Debug)]
pub struct Movement {
    pub day: Date,
    pub cents: i64,
    pub what: For,
    pub name: String,
    pub iban: Option<String>,
    pub words: String,
    pub end_to_end: Option<String>,
    pub returned: Option<&'static str>,
}

/// A payment of a file that the caisse brought, as the bank read it there.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub end_to_end: String,
    pub cents: i64,
    pub iban: String,
    pub day: Date,
}

/// The bank.
#[derive(Default)]
pub struct Bank {
    to_come: Vec<Movement>,
    /// What the account holds by the statements that were written.
    pub balance: i64,
    written: u32,
    /// What was paid to each account, less what came back.
    pub paid: BTreeMap<String, i64>,
    /// Accounts that are closed: what goes there comes back.
    pub closed: BTreeSet<String>,
}

/// A statement before it is written down.
pub struct Statement {
    pub number: u32,
    pub opening: i64,
    pub closing: i64,
    pub from: Date,
    pub upto: Date,
    pub movements: Vec<Movement>,
}

impl Bank {
    /// Something will move on its day.
    pub fn expect(&mut self, movement: Movement) {
        self.to_come.push(movement);
    }

    /// A transfer that a person orders by hand.
    pub fn transfer(&mut self, day: Date, cents: i64, what: For, words: String) {
        let (name, iban) = ("Membre imaginaire".to_owned(), None);
        let (end_to_end, returned) = (None, None);
        self.expect(Movement { day, cents, what, name, iban, words, end_to_end, returned });
    }

    /// Carries out a payment of a file, and gives back what cannot be paid or collected.
    pub fn carries_out(&mut self, one: &Ordered, forth: For, back: For) {
        let sign = if matches!(forth, For::Payout { .. }) { -1 } else { 1 };
        let movement = Movement {
            day: one.day,
            cents: sign * one.cents,
            what: forth,
            name: "Titulaire imaginaire".to_owned(),
            iban: Some(one.iban.clone()),
            words: "Opération SEPA".to_owned(),
            end_to_end: Some(one.end_to_end.clone()),
            returned: None,
        };
        *self.paid.entry(one.iban.clone()).or_default() -= movement.cents;
        self.expect(movement.clone());
        if self.closed.contains(&one.iban) {
            *self.paid.entry(one.iban.clone()).or_default() += movement.cents;
            let (day, cents) = (one.day.plus_days(2), -movement.cents);
            self.expect(Movement { day, cents, what: back, returned: Some("AC04"), ..movement });
        }
    }

    /// Forgets a payment that it rejects before it is carried out.
    pub fn rejects(&mut self, end_to_end: &str) {
        self.to_come.retain(|movement| movement.end_to_end.as_deref() != Some(end_to_end));
    }

    /// Returns a debit that has not been carried out yet.
    pub fn a_debit_to_come(&self) -> Option<(String, MemberId, i64)> {
        self.to_come.iter().find_map(|movement| match movement.what {
            For::Debit { member } => Some((movement.end_to_end.clone()?, member, movement.cents)),
            _ => None,
        })
    }

    /// Draws up the statement of what moved up to a day and was not told yet.
    pub fn statement(&mut self, from: Date, upto: Date) -> Statement {
        let (movements, to_come): (Vec<_>, Vec<_>) =
            self.to_come.drain(..).partition(|movement| movement.day <= upto);
        self.to_come = to_come;
        self.written += 1;
        let opening = self.balance;
        self.balance += movements.iter().map(|movement| movement.cents).sum::<i64>();
        Statement { number: self.written, opening, closing: self.balance, from, upto, movements }
    }
}

/// Returns an account that exists nowhere, with right check digits.
pub fn iban(number: usize) -> String {
    let rest = format!("9999900001{number:011}45");
    let value = |text: &str| {
        let digits = text.bytes().map(|byte| u32::from(byte - b'0'));
        digits.fold(0, |sum, digit| (sum * 10 + digit) % 97)
    };
    // `FR00` behind the rest: F is 15 and R is 27.
    format!("FR{:02}{rest}", 98 - value(&format!("{rest}152700")))
}
