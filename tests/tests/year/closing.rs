//! Months and the year are closed, and the legal file of the year is written and checked.

use crdt::Date;
use ledger::accounting::legal;
use ledger::answer::{AccountingAnswer, YearFile};
use ledger::command::{AccountingCommand, AccountingQuery, EntriesAsked};
use ledger::{Answer, Command};
use node::exchange::fec::{FecWriter, check, file_name};

use super::town::{Seen, Town};

const SIREN: &str = "732829320";

impl Town {
    /// Nothing can be entered any more on a day of the last month.
    pub fn the_last_month_is_closed(&mut self) {
        let day = Some(self.month().first_day().plus_days(-1)).filter(|day| day.year() == 2026);
        let Some(day) = day else { return };
        self.a_day_is_closed(day);
    }

    fn a_day_is_closed(&mut self, day: Date) {
        let close = AccountingCommand::CloseDay { day: Some(day) };
        let Answer::Accounting(AccountingAnswer::Day(report)) =
            self.house.ok(Command::Accounting(close))
        else {
            panic!("a report")
        };
        assert_eq!(report.upto, day);
    }

    /// The year is closed; what was reported is reported again, and all adds up.
    pub fn year_ends(&mut self) {
        self.house.today = Date::new(2027, 1, 5).expect("a day");
        self.old_credit_expires_until_today();
        let draft = self.legal_file();
        self.a_day_is_closed(Date::new(2026, 12, 31).expect("a day"));
        let close = AccountingCommand::CloseYear { year: 2026, force: None };
        let Answer::Accounting(AccountingAnswer::Year(report)) =
            self.house.ok(Command::Accounting(close))
        else {
            panic!("a report")
        };
        assert_eq!(report.open, [], "nothing of the year is open");
        println!("{} entries, the last one {}", report.entries, report.head);
        assert_eq!(self.legal_file(), draft, "closing changes nothing of the year's file");
        self.house.restarts();
        self.assert_books();
        self.assert_reports_are_as_they_were();
        self.assert_statements_are_transfers();
        self.assert_everything_happened();
    }

    fn old_credit_expires_until_today(&mut self) {
        let today = self.house.today;
        for day in 1..=5 {
            self.house.today = Date::new(2027, 1, day).expect("a day");
            self.old_credit_expires();
        }
        assert_eq!(self.house.today, today);
    }

    /// Writes the file of the year's entries as `caisse fec export` does, and checks it as `fec check`.
    fn legal_file(&self) -> Vec<u8> {
        let asked = AccountingQuery::Opening { year: 2026 };
        let AccountingAnswer::Opening(file) = self.house.tell_accounting(asked) else {
            panic!("what the file begins with")
        };
        let bytes = self.entries_of(&file);
        let name = file_name(SIREN, 2026);
        let report = check(&name, bytes.as_slice()).expect("it can be read");
        assert_eq!(report.faults, []);
        assert_eq!((report.count, report.debits), (0, report.credits));
        assert_eq!(bank_of(&bytes), self.bank.balance, "the file tells what the bank holds");
        bytes
    }

    fn entries_of(&self, file: &YearFile) -> Vec<u8> {
        let mut writer = FecWriter::new(Vec::new()).expect("memory takes all");
        let name = |_: &str| None;
        if let Some(opening) = &file.opening {
            writer.write(opening, name).expect("memory takes all");
        }
        let day = |month, day| Date::new(file.year, month, day).ok();
        let (first, last, upto) = (day(1, 1), day(12, 31), Some(file.upto));
        let mut from = file.from;
        loop {
            let (bare, account) = (true, None);
            let asked = EntriesAsked { from, upto, first, last, bare, account };
            let answer = self.house.tell_accounting(AccountingQuery::Entries(asked));
            let AccountingAnswer::Entries(page) = answer else { panic!("entries") };
            for told in &page.entries {
                if let Some(legal) = legal::entry(&file.chart, &told.entry, told.made) {
                    writer.write(&legal, name).expect("memory takes all");
                }
            }
            let Some(next) = page.next else { break };
            from = next;
        }
        writer.finish().expect("memory takes all").0
    }

    /// A year in which something never happened shows nothing of it.
    fn assert_everything_happened(&self) {
        let seen = &self.seen;
        println!("{seen:?}, {} households", self.families.len());
        let Seen { sales, refused, refunds, disputes, .. } = *seen;
        assert!(sales > 5_000 && refused > 100 && refunds > 200 && disputes > 20, "{seen:?}");
        let Seen { debits_back, rejected, payouts_back, frozen, .. } = *seen;
        assert!(debits_back > 11 && rejected == 2 && payouts_back == 2 && frozen > 5, "{seen:?}");
        let Seen { unclear_lines, broken_lines, expiries, .. } = *seen;
        assert!(unclear_lines > 12 && broken_lines == 3 && expiries > 5, "{seen:?}");
        let Seen { cards_replaced, forced, changed, .. } = *seen;
        assert!(cards_replaced == 22 && forced > 0 && changed == 24, "{seen:?}");
        let Seen { left, came_back, erased, .. } = *seen;
        assert!(left == 24 && came_back == 3 && erased == 2, "{seen:?}");
    }
}

/// Adds up what the file says of the bank (account 512), in cents.
fn bank_of(file: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(file);
    let cents = |field: &str| -> i64 {
        if field.is_empty() { 0 } else { field.replace(',', "").parse().expect("an amount") }
    };
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let bank = rows.filter(|fields| fields[4].starts_with("512"));
    bank.map(|fields| cents(fields[11]) - cents(fields[12])).sum()
}
