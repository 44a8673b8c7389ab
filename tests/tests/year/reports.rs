//! What is reported at each month's end, and asked for again at the end of the year.

use crdt::{Date, Month, VendorId};
use ledger::answer::{
    AccountingAnswer, ForesightAnswer, StatementWhat, TreasuryAnswer, VendorStatement,
};
use ledger::command::{AccountingQuery, ForesightQuery, TreasuryQuery};
use ledger::{Answer, Query};
use node::exchange::chart;
use node::exchange::indicators::{self, Format};
use node::exchange::vendor_csv::{ByteOrderMark, write};
use node::treasury::statement_rows;

use super::town::Town;

/// The reports of a day, as bytes.
pub struct Taken {
    month: Month,
    files: Vec<(String, Vec<u8>)>,
}

impl Town {
    /// A month ends: the books are what they should be, credit is covered, and the reports are taken.
    pub fn month_ends(&mut self) {
        self.allocations_are_issued();
        self.assert_books();
        self.credit_is_covered_or_was_forced();
        self.a_forecast_is_drawn();
        let month = self.month();
        // An evaluation is of days that are over.
        self.house.today = month.last_day().plus_days(1);
        let files = self.reports(month);
        self.taken.push(Taken { month, files });
    }

    fn credit_is_covered_or_was_forced(&self) {
        let Answer::Guarantee(guarantee) = self.house.tell(&Query::Guarantee) else {
            panic!("a guarantee")
        };
        assert_eq!(guarantee.margin().get(), self.plain.margin());
        // Who forced an allocation has asked the town for more by the next month.
        let today = self.house.today;
        assert!(guarantee.is_kept() || self.asked_for_more, "{today}: {guarantee:?}");
    }

    fn a_forecast_is_drawn(&self) {
        let ForesightAnswer::Forecast(forecast) =
            self.house.tell_foresight(ForesightQuery::Forecast { months: 12 })
        else {
            panic!("a forecast")
        };
        assert_eq!(forecast.guarantee.margin().get(), self.plain.margin());
        assert!(chart::forecast(&forecast).contains("<svg"));
    }

    /// Asks for everything that is reported of a month as of its last day.
    fn reports(&self, month: Month) -> Vec<(String, Vec<u8>)> {
        let at = month.last_day();
        let mut files = vec![("trial balance".to_owned(), self.trial_balance(at))];
        let asked = ForesightQuery::Evaluate { from: None, at };
        let ForesightAnswer::Evaluation(evaluation) = self.house.tell_foresight(asked) else {
            panic!("an evaluation")
        };
        for (name, format) in [("json", Format::Json), ("csv", Format::Csv)] {
            let bytes = indicators::write(&evaluation, format).expect("it can be written");
            files.push((format!("evaluation {name}"), bytes));
        }
        for stall in &self.stalls {
            let statement = self.vendor_statement(stall.vendor, month);
            let bytes = write(&statement_rows(&statement), ByteOrderMark::Without);
            files.push((format!("statement of {}", stall.vendor), bytes));
        }
        files
    }

    fn trial_balance(&self, at: Date) -> Vec<u8> {
        let asked = AccountingQuery::Balance { at: Some(at) };
        let AccountingAnswer::Balance(balance) = self.house.tell_accounting(asked) else {
            panic!("a balance")
        };
        let sum: i64 = balance.lines.iter().map(|line| line.balance.get()).sum();
        assert_eq!(sum, 0, "{at}: a trial balance is balanced");
        format!("{balance:#?}").into_bytes()
    }

    /// Returns what a vendor earned and was paid in a month.
    fn vendor_statement(&self, vendor: VendorId, month: Month) -> VendorStatement {
        let asked = TreasuryQuery::VendorStatement { vendor, month };
        match self.house.tell_treasury(asked) {
            TreasuryAnswer::VendorStatement(statement) => *statement,
            other => panic!("no statement: {other:?}"),
        }
    }

    /// Every report of every month's end is the same bytes as it was then.
    pub fn assert_reports_are_as_they_were(&self) {
        assert_eq!(self.taken.len(), 12);
        for Taken { month, files } in &self.taken {
            for ((name, then), (_, now)) in files.iter().zip(self.reports(*month)) {
                let (then, now) = (String::from_utf8_lossy(then), String::from_utf8_lossy(&now));
                let differs = then.lines().zip(now.lines()).find(|(then, now)| then != now);
                assert!(then == now, "{month}: {name} is told otherwise now: {differs:?}");
            }
        }
    }

    /// The statements of a vendor add up to what the bank paid to it and to what it is still owed.
    pub fn assert_statements_are_transfers(&self) {
        let mut all = 0;
        for stall in &self.stalls {
            let (mut earned, mut paid, mut before) = (0, 0, 0);
            for Taken { month, .. } in &self.taken {
                let statement = self.vendor_statement(stall.vendor, *month);
                assert_eq!(statement.opening.get(), before, "a month begins as the last one ended");
                before = statement.closing.get();
                for row in statement.rows {
                    match row.what {
                        StatementWhat::Payout(_) | StatementWhat::Returned(_) => {
                            paid -= row.amount.get();
                        }
                        _ => earned += row.amount.get(),
                    }
                }
            }
            let accounts = stall.former.iter().chain([&stall.iban]);
            let by_bank: i64 = accounts.filter_map(|iban| self.bank.paid.get(iban)).sum();
            assert_eq!(paid, by_bank, "statements and transfers of {}", stall.vendor);
            assert_eq!(earned - paid, self.plain.vendors[&stall.vendor]);
            assert_eq!(before, self.plain.vendors[&stall.vendor]);
            all += earned;
        }
        assert!(all > 10_000_000, "vendors earned more than 100,000 euros: {all}");
    }
}
