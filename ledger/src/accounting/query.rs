//! Questions about accounts.

use crdt::wire;

use super::{Chart, balance, closing, legal, meter, receipts, reverse, walk};
use crate::answer::{AccountingAnswer, Answer, BookEntry, EntriesPage, EntryDetail};
use crate::books::JournalEntry;
use crate::calendar::Zone;
use crate::command::{AccountingQuery, EntriesAsked};
use crate::limits;
use crate::records::Kind;
use crate::refused::AccountingRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Answers a question about accounts.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: &AccountingQuery) -> Outcome {
    let answer = match question {
        AccountingQuery::Entries(asked) => AccountingAnswer::Entries(page(state, turn, asked)),
        AccountingQuery::Entry(place) => {
            AccountingAnswer::Entry(Box::new(one(state, turn, *place)?))
        }
        AccountingQuery::ReversalPreview(place) => {
            let (entry, transfers) = reverse::preview(state, turn, *place)?;
            let cause = crate::books::Cause::Reversal(*place);
            let date = state.books.open_day(turn.today());
            let would = JournalEntry { transfers, cause, date, ..entry };
            let reversal = reverse::report(state, turn, *place, Some(&would), None);
            AccountingAnswer::Reversed(Box::new(reversal))
        }
        AccountingQuery::Balance { at } => {
            let at = at.unwrap_or(turn.today());
            AccountingAnswer::Balance(balance::trial(state, turn, at)?)
        }
        AccountingQuery::Opening { year } => {
            AccountingAnswer::Opening(Box::new(balance::opening(state, turn, *year)?))
        }
        AccountingQuery::Closings => AccountingAnswer::Closings(closing::list(state, turn)),
        AccountingQuery::DayPreview { day } => {
            AccountingAnswer::Day(closing::preview_day(state, turn, *day)?.report)
        }
        AccountingQuery::YearPreview { year } => {
            AccountingAnswer::Year(closing::preview_year(state, turn, *year)?.0)
        }
        AccountingQuery::Meter => AccountingAnswer::Meter(meter::now(state, turn)),
        AccountingQuery::Receipts { year } => {
            AccountingAnswer::Receipts(receipts::list(state, turn, *year)?)
        }
    };
    Ok(Answer::Accounting(answer))
}

/// By which chart and in which time zone the entries of a year are told: by its own once it is closed.
struct Frame {
    year: i16,
    chart: Chart,
    zone: Zone,
}

impl Frame {
    fn of(state: &State, turn: &Turn<'_>, year: i16) -> Self {
        let own = || (state.settings.accounting.chart.clone(), turn.zone().clone());
        let (chart, zone) = match closing::of_year(turn, year) {
            Some(closed) => {
                let zone = Zone::named(&closed.zone).unwrap_or_else(|_| turn.zone().clone());
                (closed.chart, zone)
            }
            None => own(),
        };
        Self { year, chart, zone }
    }

    fn bare(&self, entry: &JournalEntry) -> BookEntry {
        BookEntry { entry: entry.clone(), made: self.zone.date(entry.at), legal: None }
    }

    fn tell(&self, entry: &JournalEntry) -> BookEntry {
        let bare = self.bare(entry);
        BookEntry { legal: legal::entry(&self.chart, entry, bare.made), ..bare }
    }
}

/// Returns one page: of at most so many entries, those that are asked for.
fn page(state: &State, turn: &Turn<'_>, asked: &EntriesAsked) -> EntriesPage {
    let end = asked.upto.unwrap_or(u64::MAX).min(state.books.entries());
    let upto = asked.from.saturating_add(u64::from(limits::ROWS)).min(end);
    let mut entries = Vec::new();
    let mut frame = Frame::of(state, turn, turn.today().year());
    walk::entries(turn, asked.from, upto, |entry| {
        let early = asked.first.is_some_and(|first| entry.date < first);
        let late = asked.last.is_some_and(|last| entry.date > last);
        if early || late {
            return;
        }
        if frame.year != entry.date.year() {
            frame = Frame::of(state, turn, entry.date.year());
        }
        if asked.bare && asked.account.is_none() {
            return entries.push(frame.bare(entry));
        }
        let told = frame.tell(entry);
        if touches(&told, asked.account.as_deref()) {
            entries.push(told);
        }
    });
    EntriesPage { entries, next: (upto < end).then_some(upto) }
}

/// Returns whether an entry touches an account whose number, or whose owner, begins with a text.
fn touches(entry: &BookEntry, account: Option<&str>) -> bool {
    let Some(text) = account else { return true };
    let lines = entry.legal.iter().flat_map(|legal| &legal.lines);
    let owner = |owner: &Option<String>| owner.as_ref().is_some_and(|of| of.starts_with(text));
    lines.into_iter().any(|line| line.account.number.starts_with(text) || owner(&line.auxiliary))
}

fn one(state: &State, turn: &Turn<'_>, place: u64) -> Result<EntryDetail, AccountingRefused> {
    let entry = walk::entry(turn, place).ok_or(AccountingRefused::UnknownEntry(place))?;
    Ok(EntryDetail {
        hash: JournalEntry::hash(&wire::encode(&entry)),
        entry: Frame::of(state, turn, entry.date.year()).tell(&entry),
        note: turn.get(Kind::Note, &place.to_be_bytes()),
        reversed_by: reverse::reversed_by(turn, place),
    })
}
