//! Statements of the bank come in as files, and a person says what the unclear lines were for.

use std::collections::BTreeSet;

use crdt::LineId;
use ledger::answer::{ImportReport, LineInfo, TreasuryAnswer};
use ledger::command::{AssignTo, TreasuryCommand, TreasuryQuery};
use node::exchange::bank_csv::{self, Columns};
use node::exchange::{Iban, StatementFile, camt053};
use node::treasury::take;

use super::bank::{For, Movement, OWN, Statement};
use super::paper::{Form, write};
use super::town::Town;
use super::xsd::assert_valid;

fn read(form: Form, bytes: &[u8]) -> StatementFile {
    let own: Iban = OWN.parse().expect("an IBAN");
    let read = match form {
        Form::V2 | Form::V8 => camt053::read(bytes),
        Form::Csv => bank_csv::read(bytes, own, &Columns::default()),
    };
    read.unwrap_or_else(|problem| panic!("{problem}"))
}

impl Town {
    /// How this month's statements are written: messages of both versions in turn, a table in August.
    fn form(&self) -> Form {
        match self.number_of_month() {
            8 => Form::Csv,
            odd if odd % 2 == 1 => Form::V2,
            _ => Form::V8,
        }
    }

    /// The statement since the last one comes, is imported twice, and nothing is left unclear.
    pub fn statement_comes(&mut self) {
        let (from, today, form) = (self.not_stated, self.house.today, self.form());
        let statement = self.bank.statement(from, today);
        self.not_stated = today.plus_days(1);
        let bytes = write(form, &statement);
        if let Some(message) = form.message() {
            assert_valid(message, &bytes);
        }
        let count = statement.movements.len();
        let before = self.a_broken_file_comes_first(form, &bytes, count);
        let preview = self.import(form, &bytes, true);
        let report = self.import(form, &bytes, false);
        assert_eq!(ImportReport { preview: true, ..report.clone() }, preview);
        assert_eq!((report.new as usize, report.known as usize), (count - before, before));
        assert_eq!(report.problems, []);
        let again = self.import(form, &bytes, false);
        assert_eq!((again.new, again.known as usize), (0, count), "a file imported twice");
        for movement in &statement.movements {
            self.plain.bank_moves(movement.cents, movement.what);
            self.seen.debits_back += u32::from(matches!(movement.what, For::DebitBack { .. }));
            self.seen.payouts_back += u32::from(matches!(movement.what, For::PayoutBack { .. }));
        }
        self.unclear_lines_are_assigned(&statement);
        self.the_bank_agrees(form);
    }

    /// In some months a first file has a line that cannot be read; the others come in all the same.
    /// Returns how many.
    fn a_broken_file_comes_first(&mut self, form: Form, bytes: &[u8], count: usize) -> usize {
        let month = self.number_of_month();
        if !matches!(month, 3 | 8 | 10) || self.house.today.day() != 12 {
            return 0;
        }
        // The fees are of the line that breaks.
        let (right, wrong): (&[u8], &[u8]) = match form {
            Form::Csv => (b";-4,50", b";-4,5O"),
            Form::V2 | Form::V8 => (b">4.50<", b">4,5O<"),
        };
        let at = bytes.windows(right.len()).position(|part| part == right).expect("the fees");
        let broken = [&bytes[..at], wrong, &bytes[at + wrong.len()..]].concat();
        assert_eq!(read(form, &broken).problems.count(), 1, "one line cannot be read");
        let report = self.import(form, &broken, false);
        assert_eq!(report.new as usize, count - 1, "one bad line never stops the rest");
        self.seen.broken_lines += 1;
        count - 1
    }

    /// Imports a file as `caisse bank import` does.
    fn import(&mut self, form: Form, bytes: &[u8], preview: bool) -> ImportReport {
        let taken = take(&read(form, bytes), OWN.parse().expect("an IBAN"));
        assert_eq!(
            (taken.not_booked, taken.without_day.len(), taken.other_accounts.len()),
            (0, 0, 0)
        );
        assert!(taken.imports.len() <= 1, "a month fits one command");
        let Some(import) = taken.imports.into_iter().next() else { return ImportReport::default() };
        let import = Box::new(import);
        let answer = if preview {
            self.house.tell_treasury(TreasuryQuery::ImportPreview(import))
        } else {
            self.house.treasury(TreasuryCommand::Import(import))
        };
        match answer {
            TreasuryAnswer::Imported(report) => *report,
            other => panic!("no report: {other:?}"),
        }
    }

    fn queue(&self) -> Vec<LineInfo> {
        match self.house.tell_treasury(TreasuryQuery::Queue) {
            TreasuryAnswer::Queue(lines) => lines,
            other => panic!("no lines: {other:?}"),
        }
    }

    /// A person reads what each line that waits says, and knows who that is.
    fn unclear_lines_are_assigned(&mut self, statement: &Statement) {
        let is_clear = |movement: &&Movement| match movement.what {
            For::Contribution { clear, .. } => clear,
            For::Other => false,
            _ => true,
        };
        let unclear: Vec<_> = statement.movements.iter().filter(|m| !is_clear(m)).collect();
        let queue = self.queue();
        let said = |line: &LineInfo| line.text.remittance.clone();
        let waiting: BTreeSet<_> = queue.iter().map(said).collect();
        let expected: BTreeSet<_> = unclear.iter().map(|movement| movement.words.clone()).collect();
        assert_eq!(waiting, expected, "the lines that wait are those that a machine cannot know");
        for info in queue {
            let movement = unclear.iter().find(|movement| movement.words == info.text.remittance);
            let what = movement.expect("it is one of them").what;
            self.a_person_assigns(info.id, what);
        }
        assert_eq!(self.queue(), [], "nothing waits any more");
    }

    fn a_person_assigns(&mut self, line: LineId, what: For) {
        let to = match what {
            For::Contribution { member, month, .. } => AssignTo::Contribution { member, month },
            _ => AssignTo::Other,
        };
        let reason = Some("vu avec la personne".to_owned());
        self.house.treasury(TreasuryCommand::Assign { line, to, reason });
        self.seen.unclear_lines += 1;
    }

    /// The books and the bank say the same.
    fn the_bank_agrees(&self, form: Form) {
        let TreasuryAnswer::Reconciled(found) = self.house.tell_treasury(TreasuryQuery::Reconcile)
        else {
            panic!("a reconciliation")
        };
        assert_eq!(found.books.get(), self.bank.balance);
        // A table says no balances.
        if form != Form::Csv {
            let closing = found.closing.expect("it was said").amount.get();
            assert_eq!(closing, self.bank.balance);
            assert_eq!(found.unexplained.map(|left| left.get()), Some(0));
        }
        assert_eq!((found.waiting, found.unassigned.get()), (0, 0));
    }
}
