//! What `verify` checks beside the books: lots, caps, contributions, corrections, closings.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{Cents, Date, Digest, MemberId, Month, RequestId, SignedCents, wire};

use super::closing::{self, Closing, DayClosing};
use super::{balance, reverse, walk};
use crate::account::Account;
use crate::books::{CLOSED_KEY, Cause, JournalEntry, Phase, Transfer};
use crate::lots::{Lot, Origin, origin_of};
use crate::member::Contribution;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;
use crate::verify::{PaymentBooks, Report, each};

/// Compares everything that follows from the books with them.
pub(crate) fn verify(state: &State, turn: &Turn<'_>, booked: &PaymentBooks, report: &mut Report) {
    let undone = reversals(turn, booked, report);
    contributions(state, turn, booked, &undone, report);
    let issued = lots(state, turn, report);
    stored_lots(turn, &issued, report);
    super::check_spent::spent(turn, report);
    closings(state, turn, report);
}

/// Compares each correction with the entry that it takes back; returns what was taken back.
fn reversals(turn: &Turn<'_>, booked: &PaymentBooks, report: &mut Report) -> BTreeSet<Cause> {
    let mut undone = BTreeSet::new();
    let mut count = 0;
    each(turn, Kind::Reversed, |(key, value)| {
        let place = key.as_slice().try_into().map(u64::from_be_bytes).ok();
        let by = wire::decode::<u64>(value).ok();
        let entries = place.zip(by).and_then(|(place, by)| {
            Some((place, walk::entry(turn, place)?, walk::entry(turn, by)?))
        });
        match entries {
            Some((place, entry, by)) if takes_back(place, &entry, &by) => {
                count += 1;
                undone.insert(entry.cause);
            }
            _ => report.differs("a correction does not take back the entry that it names"),
        }
    });
    let made = booked.keys().filter(|cause| matches!(cause, Cause::Reversal(_))).count();
    if made != count {
        report.differs("the books have other corrections than those that are noted");
    }
    undone
}

fn takes_back(place: u64, entry: &JournalEntry, by: &JournalEntry) -> bool {
    let back = |transfer: &Transfer| Transfer {
        debit: transfer.credit,
        credit: transfer.debit,
        amount: transfer.amount,
    };
    by.cause == Cause::Reversal(place)
        && entry.transfers.iter().rev().map(back).eq(by.transfers.iter().copied())
}

/// Compares what members gave with what the books took in.
fn contributions(
    state: &State,
    turn: &Turn<'_>,
    booked: &PaymentBooks,
    undone: &BTreeSet<Cause>,
    report: &mut Report,
) {
    let (mut sum, mut known) = (0_i128, 0);
    each(turn, Kind::Contribution, |(key, value)| {
        let request = key.last_chunk::<{ RequestId::LEN }>().map(|id| RequestId::new(*id));
        let given = request.zip(wire::decode::<Contribution>(value).ok());
        let Some((request, given)) = given else {
            return report.differs("a stored contribution does not decode");
        };
        let amount = i128::from(given.amount.get());
        sum += amount;
        let cause = Cause::Contribution(request);
        if let Some(books) = booked.get(&cause) {
            known += 1;
            let expected = if undone.contains(&cause) { 0 } else { books.posted };
            if expected != amount {
                report.differs(format!("contribution {request} is not what the books say"));
            }
        }
    });
    let made = booked.keys().filter(|cause| matches!(cause, Cause::Contribution(_))).count();
    if made != known {
        report.differs("the books know a contribution that is not stored");
    }
    let books = state.books.counters(Account::Contributions).balance();
    if i128::from(books.get()) != sum {
        report.differs(format!("members gave other sums than the {books} of the books"));
    }
}

/// What the books say of lots that can grow, and when credit of a member expired.
#[derive(Default)]
struct Issued {
    /// Lots of allocations that are as the books say.
    allocations: u64,
    bonuses: BTreeMap<(MemberId, Month), (Cents, Date)>,
    /// The lots of each member, and whether credit of theirs expired after they were issued: by the order
    /// of entries, for a clock can be set back.
    lots: BTreeMap<MemberId, BTreeMap<Origin, bool>>,
    /// Members whose credit expired ever.
    expired: BTreeSet<MemberId>,
}

impl Issued {
    fn opened(&mut self, member: MemberId, origin: Origin) {
        self.lots.entry(member).or_default().insert(origin, false);
    }

    fn expired(&mut self, member: MemberId) {
        self.expired.insert(member);
        self.lots.entry(member).or_default().values_mut().for_each(|closable| *closable = true);
    }

    fn may_be_closed(&self, member: MemberId, origin: Origin) -> bool {
        self.lots.get(&member).and_then(|lots| lots.get(&origin)) == Some(&true)
    }
}

/// Compares the lot of each allocation with the books, and that nothing was entered in a closed day.
fn lots(state: &State, turn: &Turn<'_>, report: &mut Report) -> Issued {
    let mut issued = Issued::default();
    walk::entries(turn, 0, state.books.entries(), |entry| {
        if entry.phase != Phase::Posted {
            return;
        }
        match entry.cause {
            Cause::Allocation(..) if reverse::reversed_by(turn, entry.index).is_some() => {}
            Cause::Allocation(month, member) => {
                let amount = Cents::checked_sum(entry.transfers.iter().map(|t| t.amount));
                let lot = reverse::lot(turn, member, Origin::Allocation(month));
                let as_booked = |lot: &Lot| Some(lot.amount) == amount && lot.issued == entry.date;
                if lot.as_ref().is_some_and(as_booked) {
                    issued.allocations += 1;
                    issued.opened(member, Origin::Allocation(month));
                } else {
                    let what = format!("the lot of {month} of member {member}");
                    report.differs(format!("{what} is not what the books say"));
                }
            }
            Cause::Bonus(_) => bonus(&mut issued, entry),
            Cause::Expiry(member, _) => issued.expired(member),
            _ => {}
        }
    });
    issued
}

fn bonus(issued: &mut Issued, entry: &JournalEntry) {
    for transfer in &entry.transfers {
        if let Account::Member(member) = transfer.credit {
            let lot = issued.bonuses.entry((member, entry.date.month()));
            let (sum, last) = lot.or_insert((Cents::ZERO, entry.date));
            *sum = sum.checked_add(transfer.amount).unwrap_or(Cents::MAX);
            *last = entry.date;
            issued.opened(member, Origin::Bonus(entry.date.month()));
        }
    }
}

/// Compares the lots that are stored with those of which the books know.
fn stored_lots(turn: &Turn<'_>, issued: &Issued, report: &mut Report) {
    let (mut allocations, mut bonuses) = (0, 0);
    each(turn, Kind::Allocation, |(key, value)| {
        let member = key.get(..MemberId::LEN).and_then(MemberId::from_slice);
        let lot = member.zip(origin_of(key)).zip(wire::decode::<Lot>(value).ok());
        let Some(((member, origin), lot)) = lot else {
            return report.differs("a stored lot does not decode");
        };
        let holds = match origin {
            Origin::Allocation(_) => {
                allocations += 1;
                true
            }
            Origin::Bonus(month) => {
                bonuses += 1;
                // A lot that expired within its month begins anew.
                let least = |sum: Cents| {
                    lot.amount == sum || (issued.expired.contains(&member) && lot.amount < sum)
                };
                let books = issued.bonuses.get(&(member, month));
                books.is_some_and(|(sum, last)| least(*sum) && lot.issued == *last)
            }
        };
        if !holds || (lot.closed && !issued.may_be_closed(member, origin)) {
            report.differs(format!("a lot of member {member} is not what the books say"));
        }
    });
    if (allocations, bonuses) != (issued.allocations, issued.bonuses.len()) {
        report.differs("other lots are stored than the books issued");
    }
}

/// Re-derives every closing, and checks that nothing was entered into what was closed.
fn closings(state: &State, turn: &Turn<'_>, report: &mut Report) {
    let years = closing::years(turn);
    let mut days = Vec::new();
    each(turn, Kind::DayClosing, |(key, value)| match wire::decode::<DayClosing>(value) {
        Ok(day) if *key == closing::day_key(day.report.upto) => days.push(day),
        _ => report.differs("a stored closing of a day does not decode"),
    });
    let of_years = years
        .iter()
        .filter_map(|(year, closing)| Some((closing.entries, closing::last_day(*year).ok()?)));
    let mut closed: Vec<(u64, Date)> =
        days.iter().map(|day| (day.entries, day.report.upto)).chain(of_years).collect();
    closed.sort_unstable();
    let last = closed.iter().map(|(_, day)| *day).max();
    if last != state.books.closed() || last != turn.get(Kind::Meta, CLOSED_KEY) {
        report.differs("the books are closed up to another day than the closings say");
    }
    late_entries(turn, &closed, state.books.entries(), report);
    for (year, closing) in &years {
        check_year(turn, *year, closing, report);
    }
    for day in &days {
        check_day(turn, day, &closed, report);
    }
}

/// Nothing that was entered after a closing belongs to what it closed.
fn late_entries(turn: &Turn<'_>, closed: &[(u64, Date)], entries: u64, report: &mut Report) {
    let Some((first, _)) = closed.first() else { return };
    let (mut ahead, mut until) = (closed.iter().peekable(), None::<Date>);
    walk::entries(turn, *first, entries, |entry| {
        while let Some((_, day)) = ahead.next_if(|(made, _)| *made <= entry.index) {
            until = until.max(Some(*day));
        }
        if until.is_some_and(|until| entry.date <= until) {
            report.differs(format!("journal entry {} is of a day that was closed", entry.index));
        }
    });
}

/// Returns the hash of the last of so many entries.
fn head_of(turn: &Turn<'_>, entries: u64) -> Digest {
    let last = entries.checked_sub(1).and_then(|place| walk::entry(turn, place));
    last.map_or(Digest::new([0; 32]), |entry| JournalEntry::hash(&wire::encode(&entry)))
}

fn check_year(turn: &Turn<'_>, year: i16, closing: &Closing, report: &mut Report) {
    let kept = balance::kept(turn, year);
    let as_said =
        closing::digest(&kept) == closing.balances && kept.len() as u64 == closing.accounts;
    if !as_said {
        report.differs(format!("the balances kept of {year} are not those that were closed"));
    }
    let Ok(end) = closing::last_day(year) else {
        return report.differs(format!("{year} was closed and is no year"));
    };
    let base = Date::new(year, 1, 1).ok().and_then(|first| balance::last_closed(turn, first));
    let found = balance::worked_out(turn, base, end, closing.entries);
    if let Some((account, books)) = first_difference(&found.balances, &kept) {
        report.differs(format!(
            "{account:?} held {books} at the end of {year}, the closing says otherwise"
        ));
    }
    if head_of(turn, closing.entries) != closing.head || found.next_from != closing.next_from {
        report.differs(format!("the closing of {year} was made from other books"));
    }
}

fn first_difference(
    books: &balance::Balances,
    kept: &balance::Balances,
) -> Option<(Account, SignedCents)> {
    let of = |balances: &balance::Balances, account| balances.get(account).copied();
    let mut accounts = books.keys().chain(kept.keys());
    let different = accounts.find(|account| of(books, account) != of(kept, account));
    different.map(|account| (*account, of(books, account).unwrap_or_default()))
}

fn check_day(turn: &Turn<'_>, day: &DayClosing, closed: &[(u64, Date)], report: &mut Report) {
    let before = day.report.from.plus_days(-1);
    let after = closed.iter().any(|(_, closed)| *closed == before).then_some(before);
    let head = head_of(turn, day.entries);
    let mut found = closing::totals(turn, after, day.report.upto, (day.entries, head));
    found.report.preview = false;
    if found != *day {
        report.differs(format!("the totals of {} are not what the books say", day.report.upto));
    }
}
