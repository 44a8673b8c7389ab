//! What a vendor earned and was paid in a month: every entry of the books that touches it.

use crdt::{Month, VendorId};

use super::reconcile::{each_entry, narrow};
use crate::account::Account;
use crate::answer::{StatementRow, StatementWhat, VendorStatement};
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::payment::Sale;
use crate::records::Kind;
use crate::refused::VendorRefused;
use crate::state::State;
use crate::turn::Turn;

/// Makes the statement of a month. Reads every entry of the books.
pub(super) fn of(
    state: &State,
    turn: &Turn<'_>,
    vendor: VendorId,
    month: Month,
) -> Result<VendorStatement, VendorRefused> {
    let name = state.vendors.get(&vendor).ok_or(VendorRefused::UnknownVendor)?.name.clone();
    let (first, last) = (month.first_day(), month.last_day());
    let (mut opening, mut during, mut rows) = (0_i128, 0_i128, Vec::new());
    each_entry(turn, |entry| {
        let amount = earned(entry, Account::Vendor(vendor));
        if amount == 0 || entry.date > last {
            return;
        }
        if entry.date < first {
            opening += amount;
            return;
        }
        during += amount;
        let (what, amount) = (what(turn, entry), narrow(amount));
        rows.push(StatementRow { entry: entry.index, date: entry.date, what, amount });
    });
    rows.sort_by_key(|row| (row.date, row.entry));
    let (opening, closing) = (narrow(opening), narrow(opening + during));
    Ok(VendorStatement { vendor, name, month, opening, rows, closing })
}

/// What an entry adds to what a vendor is owed, in cents. What is held is not earned or paid yet.
fn earned(entry: &JournalEntry, account: Account) -> i128 {
    match entry.phase {
        Phase::Posted | Phase::HoldPosted => {}
        Phase::Held | Phase::HoldReleased => return 0,
    }
    let of = |Transfer { debit, credit, amount }: &Transfer| {
        let amount = i128::from(amount.get());
        amount * i128::from(*credit == account) - amount * i128::from(*debit == account)
    };
    entry.transfers.iter().map(of).sum()
}

fn what(turn: &Turn<'_>, entry: &JournalEntry) -> StatementWhat {
    match entry.cause {
        Cause::Sale(payment) => {
            let sale: Option<Sale> = turn.get(Kind::Sale, payment.as_bytes());
            StatementWhat::Sale { payment, price: sale.map(|sale| sale.amount) }
        }
        Cause::Refund(refund) => StatementWhat::Refund { refund },
        Cause::Batch(batch) => StatementWhat::Payout(batch),
        Cause::Returned(batch, _) => StatementWhat::Returned(batch),
        Cause::Assigned(_) => StatementWhat::Transfer,
        _ => StatementWhat::Correction,
    }
}
