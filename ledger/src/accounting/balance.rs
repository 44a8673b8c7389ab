//! Balances at the end of any day, from the books alone: the same whenever they are asked for.

use std::collections::BTreeMap;

use crdt::{Cents, Date, SignedCents, wire};

use super::chart::{Chart, ChartLine};
use super::{closing, legal, walk};
use crate::account::Account;
use crate::answer::{BalanceLine, TrialBalance, YearFile};
use crate::books::{JournalEntry, Phase, Transfer};
use crate::records::Kind;
use crate::refused::AccountingRefused;
use crate::state::State;
use crate::turn::Turn;

/// What accounts hold, credits less debits, those that hold nothing left out.
pub(super) type Balances = BTreeMap<Account, SignedCents>;

/// Debits and credits of some days.
pub(super) type Moves = BTreeMap<Account, (Cents, Cents)>;

/// How many days back a closed day is looked for before a closed year is.
const DAYS_BACK: i32 = 31;

/// Returns the place of an entry such that all entries of a day and of later ones stand there or behind.
pub(super) fn first_place(turn: &Turn<'_>, day: Date) -> u64 {
    let of_days = (1..=DAYS_BACK).find_map(|back| {
        let key = closing::day_key(day.plus_days(-back));
        turn.get::<closing::DayClosing>(Kind::DayClosing, &key).map(|closed| closed.next_from)
    });
    let of_years = last_closed(turn, day).map(|(_, closed)| closed.next_from);
    of_days.max(of_years).unwrap_or(0)
}

/// Returns the last closed year that ends before a day.
pub(super) fn last_closed(turn: &Turn<'_>, day: Date) -> Option<(i16, closing::Closing)> {
    closing::years(turn).into_iter().rfind(|(year, _)| *year < day.year())
}

/// What the books say at the end of a year or day.
pub(super) struct Found {
    /// What accounts hold.
    pub balances: Balances,
    /// What moved since the last closed year.
    pub moves: Moves,
    /// Entries up to the day, from the first one on if no year was closed before.
    pub entries: u64,
    /// The place of the first entry of a later day.
    pub next_from: u64,
}

/// Returns all balances at the end of a day, from books with so many entries: those that were kept if a
/// year was closed on that day.
pub(super) fn at(turn: &Turn<'_>, day: Date, upto: u64) -> Found {
    let base = last_closed(turn, day.plus_days(1));
    let ends_there = |year: i16| closing::last_day(year) == Ok(day);
    match base {
        Some((year, closed)) if ends_there(year) => Found {
            balances: kept(turn, year),
            moves: Moves::new(),
            entries: closed.entries,
            next_from: closed.next_from,
        },
        base => worked_out(turn, base, day, upto),
    }
}

/// Works out all balances at the end of a day from those of a closed year before it.
pub(super) fn worked_out(
    turn: &Turn<'_>,
    base: Option<(i16, closing::Closing)>,
    day: Date,
    upto: u64,
) -> Found {
    let mut found = Found {
        balances: base.as_ref().map(|(year, _)| kept(turn, *year)).unwrap_or_default(),
        moves: Moves::new(),
        entries: base.as_ref().map_or(0, |(_, closed)| closed.entries),
        next_from: upto,
    };
    let (from, after) = match &base {
        Some((year, closed)) => (closed.next_from, closing::last_day(*year).ok()),
        None => (0, None),
    };
    walk::entries(turn, from, upto, |entry| {
        if entry.date > day {
            found.next_from = found.next_from.min(entry.index);
        } else if after.is_none_or(|after| entry.date > after) {
            found.entries += 1;
            add_up(&mut found.moves, entry);
        }
    });
    found.balances = sum(&found.balances, &found.moves);
    found
}

/// Returns the balances that were kept when a year was closed.
pub(super) fn kept(turn: &Turn<'_>, year: i16) -> Balances {
    let from = year.to_be_bytes();
    let to = year.saturating_add(1).to_be_bytes();
    let rows = turn.range(Kind::ClosedBalance, &from, &to, usize::MAX).into_iter();
    let read = |(key, value): (Vec<u8>, Vec<u8>)| {
        Some((wire::decode(key.get(from.len()..)?).ok()?, wire::decode(&value).ok()?))
    };
    rows.filter_map(read).collect()
}

/// Adds what an entry moves for good.
pub(super) fn add_up(moves: &mut Moves, entry: &JournalEntry) {
    if !matches!(entry.phase, Phase::Posted | Phase::HoldPosted) {
        return;
    }
    for Transfer { debit, credit, amount } in &entry.transfers {
        add(&mut moves.entry(*debit).or_default().0, *amount);
        add(&mut moves.entry(*credit).or_default().1, *amount);
    }
}

fn add(to: &mut Cents, amount: Cents) {
    *to = to.checked_add(amount).unwrap_or(Cents::MAX);
}

fn plus(one: SignedCents, other: SignedCents) -> SignedCents {
    one.checked_add(other).unwrap_or(SignedCents::new(i64::MAX))
}

fn net((debits, credits): &(Cents, Cents)) -> SignedCents {
    credits.signed().checked_sub(debits.signed()).unwrap_or_default()
}

fn sum(before: &Balances, moves: &Moves) -> Balances {
    let mut after = before.clone();
    for (account, moved) in moves {
        let balance = after.entry(*account).or_default();
        *balance = plus(*balance, net(moved));
    }
    after.retain(|_, balance| *balance != SignedCents::ZERO);
    after
}

/// Returns products less charges of what moved.
pub(super) fn result(chart: &Chart, moves: &Moves) -> SignedCents {
    let of_result = moves.iter().filter(|(account, _)| chart.of(account).is_of_result());
    of_result.map(|(_, moved)| net(moved)).fold(SignedCents::ZERO, plus)
}

/// Returns what a file of a year's entries begins with.
pub(super) fn opening(
    state: &State,
    turn: &Turn<'_>,
    year: i16,
) -> Result<YearFile, AccountingRefused> {
    let first = Date::new(year, 1, 1).map_err(|_| AccountingRefused::NotAYear(year))?;
    let upto = state.books.entries();
    let closed = closing::of_year(turn, year);
    let chart = closed.as_ref().map_or(&state.settings.accounting.chart, |closed| &closed.chart);
    let found = at(turn, first.plus_days(-1), upto);
    let (opening, from) = (legal::opening(chart, year, found.balances), found.next_from);
    // What was entered after the year was closed is of later days.
    let upto = closed.as_ref().map_or(upto, |closed| closed.entries);
    Ok(YearFile {
        year,
        closed: closed.is_some(),
        siren: state.settings.accounting.siren.clone(),
        chart: chart.clone(),
        opening,
        from,
        upto,
    })
}

/// Works out the trial balance at the end of a day.
pub(super) fn trial(
    state: &State,
    turn: &Turn<'_>,
    day: Date,
) -> Result<TrialBalance, AccountingRefused> {
    let file = opening(state, turn, day.year())?;
    let mut lines: BTreeMap<ChartLine, BalanceLine> = BTreeMap::new();
    let empty = |account: &ChartLine| BalanceLine {
        account: account.clone(),
        opening: SignedCents::ZERO,
        debits: Cents::ZERO,
        credits: Cents::ZERO,
        balance: SignedCents::ZERO,
    };
    for line in file.opening.into_iter().flat_map(|entry| entry.lines) {
        let of = lines.entry(line.account.clone()).or_insert_with(|| empty(&line.account));
        of.opening = plus(of.opening, net(&(line.debit, line.credit)));
    }
    let mut moves = Moves::new();
    walk::entries(turn, file.from, file.upto, |entry| {
        if entry.date.year() == day.year() && entry.date <= day {
            add_up(&mut moves, entry);
        }
    });
    for (account, (debits, credits)) in &moves {
        let account = file.chart.of(account);
        let of = lines.entry(account.clone()).or_insert_with(|| empty(account));
        add(&mut of.debits, *debits);
        add(&mut of.credits, *credits);
    }
    for line in lines.values_mut() {
        line.balance = plus(line.opening, net(&(line.debits, line.credits)));
    }
    Ok(TrialBalance { at: day, lines: lines.into_values().collect() })
}
