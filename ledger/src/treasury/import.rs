//! Taking in a bank statement: each line once, in any order, and one bad line never stops the rest.

use std::collections::BTreeSet;

use crdt::Date;

use super::line::{self, Line, Side};
use super::recognise::recognise;
use super::reference::References;
use super::{IMPORTS_KEY, assign, details};
use crate::account::Account;
use crate::answer::ImportReport;
use crate::books::{Cause, Phase, Transfer};
use crate::command::{Balance, Import, Source, StatementLine};
use crate::limits;
use crate::records::Kind;
use crate::refused::{LineProblem, TreasuryRefused, Waits};
use crate::state::State;
use crate::turn::Turn;

/// Days before today that a line may have at most: ten years, as long as books are kept.
const OLDEST_DAYS: i32 = 3_653;

/// Days after today that a line may have: a bank books Saturdays on the Monday after.
const LATEST_DAYS: i32 = 5;

/// Says what an import would do.
pub(super) fn preview(
    state: &State,
    turn: &Turn<'_>,
    file: &Import,
) -> Result<ImportReport, TreasuryRefused> {
    check(turn, file)?;
    let references = References::of(state);
    let mut report = ImportReport { preview: true, ..ImportReport::default() };
    let mut seen = BTreeSet::new();
    for said in &file.lines {
        if !seen.insert(said.id) || line::get(turn, said.id).is_some() {
            report.known += 1;
            continue;
        }
        if let Err(problem) = check_line(state, turn, file.source, said) {
            report.problems.push((said.place, problem));
            continue;
        }
        report.new += 1;
        let text = said.text.clone().bounded();
        match recognise(state, turn, &references, &new_line(said), &text) {
            Ok(target) => report.assigned.push((said.place, said.id, target)),
            Err(why) => report.waiting.push((said.place, said.id, why)),
        }
    }
    Ok(report)
}

/// Takes in the lines of a statement that are not known yet.
pub(super) fn run(
    state: &mut State,
    turn: &mut Turn<'_>,
    file: &Import,
) -> Result<ImportReport, TreasuryRefused> {
    check(turn, file)?;
    turn.put(Kind::Meta, IMPORTS_KEY, &());
    keep_balances(turn, file);
    let references = References::of(state);
    let mut report = ImportReport::default();
    for said in &file.lines {
        if line::get(turn, said.id).is_some() {
            report.known += 1;
            continue;
        }
        match take(state, turn, file.source, &references, said) {
            Ok(Ok(target)) => report.assigned.push((said.place, said.id, target)),
            Ok(Err(why)) => report.waiting.push((said.place, said.id, why)),
            Err(problem) => {
                report.problems.push((said.place, problem));
                continue;
            }
        }
        report.new += 1;
    }
    Ok(report)
}

fn check(turn: &Turn<'_>, file: &Import) -> Result<(), TreasuryRefused> {
    if details::own(turn)?.iban != file.account {
        return Err(TreasuryRefused::OtherAccount { account: file.account.masked() });
    }
    if file.lines.len() > limits::STATEMENT_LINES {
        return Err(TreasuryRefused::TooManyLines);
    }
    Ok(())
}

/// Returns the key of the mark that says from which kind of file a day came.
fn day_key(date: Date) -> Vec<u8> {
    format!("day {date}").into_bytes()
}

fn check_line(
    state: &State,
    turn: &Turn<'_>,
    source: Source,
    said: &StatementLine,
) -> Result<(), LineProblem> {
    if said.amount.is_zero() {
        return Err(LineProblem::AmountZero);
    }
    let days = turn.today().days_until(said.date);
    if !(-OLDEST_DAYS..=LATEST_DAYS).contains(&days) {
        return Err(LineProblem::Date { date: said.date });
    }
    let known: Option<Source> = turn.get(Kind::Statement, &day_key(said.date));
    if known.is_some_and(|known| known != source) {
        return Err(LineProblem::OtherSource { date: said.date });
    }
    let booked = state.books.check(Phase::Posted, &[booking(said)]);
    booked.map_err(LineProblem::Books)
}

fn booking(said: &StatementLine) -> Transfer {
    let (debit, credit) = match said.side {
        Side::In => (Account::Bank, Account::Unassigned),
        Side::Out => (Account::Unassigned, Account::Bank),
    };
    Transfer { debit, credit, amount: said.amount }
}

fn new_line(said: &StatementLine) -> Line {
    let returned = said.returned.as_ref().map(|code| code.chars().take(4).collect());
    Line {
        date: said.date,
        amount: said.amount,
        side: said.side,
        returned,
        target: None,
        entry: None,
    }
}

/// Puts one line into the books, and assigns it if it is sure.
fn take(
    state: &mut State,
    turn: &mut Turn<'_>,
    source: Source,
    references: &References,
    said: &StatementLine,
) -> Result<Result<super::line::Target, Waits>, LineProblem> {
    check_line(state, turn, source, said)?;
    let cause = Cause::Line(said.id);
    let booked = state.books.enter_on(turn, said.date, cause, Phase::Posted, vec![booking(said)]);
    booked.map_err(LineProblem::Books)?;
    turn.put(Kind::Statement, &day_key(said.date), &source);
    let (line, text) = (new_line(said), said.text.clone().bounded());
    line::put(turn, said.id, &line);
    turn.put(Kind::LineText, said.id.as_bytes(), &text);
    let sure = recognise(state, turn, references, &line, &text);
    let day = said.date;
    Ok(sure
        .and_then(|target| assign::apply(state, turn, said.id, line, target, day).map(|()| target)))
}

/// Keeps what the statement says was in the account, for the reconciliation.
fn keep_balances(turn: &mut Turn<'_>, file: &Import) {
    let Some(closing) = file.closing else { return };
    let name: String = file.statement.chars().take(limits::TEXT_CHARS).collect();
    let key = format!("{} {name}", closing.on);
    let balances: (Option<Balance>, Balance) = (file.opening, closing);
    turn.put(Kind::Statement, key.as_bytes(), &balances);
}
