//! Direct debits and transfers: ordered, written as files for the bank, carried out, given back.

use std::collections::BTreeMap;

use crdt::VendorId;
use ledger::answer::{BatchFile, OrderReport, TreasuryAnswer};
use ledger::command::{TreasuryCommand, TreasuryQuery};
use ledger::treasury::batch::Payee;
use node::exchange::{pain001, pain002, pain008};
use node::treasury::{debits, rejections, transfers};

use super::bank::{For, iban};
use super::paper::{orders, rejection};
use super::town::{Pays, Town, plain};
use super::xsd::assert_valid;

fn ordered(answer: TreasuryAnswer) -> OrderReport {
    match answer {
        TreasuryAnswer::Ordered(report) => *report,
        other => panic!("nothing ordered: {other:?}"),
    }
}

impl Town {
    fn batch_file(&self, report: &OrderReport) -> BatchFile {
        let batch = report.batch.expect("it is ordered");
        match self.house.tell_treasury(TreasuryQuery::BatchFile(batch)) {
            TreasuryAnswer::BatchFile(file) => *file,
            other => panic!("no file: {other:?}"),
        }
    }

    /// Contributions of the month are collected from those who signed for it; a few cannot pay.
    pub fn debits_are_ordered(&mut self) {
        let month = self.month();
        let preview = ordered(self.house.tell_treasury(TreasuryQuery::DebitPreview { month }));
        let on = Some(month.first_day().plus_days(9));
        let report = ordered(self.house.treasury(TreasuryCommand::OrderDebits { month, on }));
        assert_eq!(report.payments, preview.payments);
        let signed = self.families.iter().filter(|f| f.pays == Pays::ByDebit && f.is_here);
        let mut due: Vec<_> = signed.map(|f| (Payee::Debit(f.member), f.monthly)).collect();
        due.sort_unstable();
        let mut asked: Vec<_> = report.payments.iter().map(|(who, c)| (*who, plain(*c))).collect();
        asked.sort_unstable();
        assert_eq!(asked, due, "{month}: from whom is collected");
        for family in self.families.iter().filter(|f| f.pays == Pays::ByDebit && f.is_here) {
            self.plain.collecting += family.monthly;
            self.plain.contributes(family.member, month, family.monthly);
        }
        self.the_bank_gets_the_debits(&report);
    }

    fn the_bank_gets_the_debits(&mut self, report: &OrderReport) {
        let (version, message) = if self.number_of_month() % 2 == 0 {
            (pain008::Version::V02, "pain.008.001.02")
        } else {
            (pain008::Version::V08, "pain.008.001.08")
        };
        let file = debits(&self.batch_file(report), version).expect("a file");
        let again = debits(&self.batch_file(report), version).expect("a file");
        assert_eq!(file.bytes, again.bytes, "made again, it is the same file");
        assert_valid(message, &file.bytes);
        let month = self.month();
        let asked = orders(&file.bytes);
        assert_eq!(asked.len(), report.payments.len());
        for (place, one) in asked.iter().enumerate() {
            // Every fortieth has no money this month.
            if place % 40 == 7 {
                self.bank.closed.insert(one.iban.clone());
            }
            let family = self.families.iter().find(|family| family.iban == one.iban);
            let member = family.expect("one of the households").member;
            let (forth, back) = (For::Debit { member }, For::DebitBack { member, month });
            self.bank.carries_out(one, forth, back);
            self.bank.closed.remove(&one.iban);
        }
    }

    /// In May and October the bank rejects a debit before it is carried out, and says so in a file.
    pub fn the_bank_rejects_a_debit(&mut self) {
        if !matches!(self.number_of_month(), 5 | 10) {
            return;
        }
        let (name, member, cents) = self.bank.a_debit_to_come().expect("a debit");
        self.bank.rejects(&name);
        let message = name.split('-').next().expect("the name of the file");
        let file = rejection(message, &name);
        assert_valid("pain.002.001.03", &file);
        let items = rejections(&pain002::read(file.as_slice()).expect("a report"));
        let command = TreasuryCommand::RejectItems { items };
        for reopened in [1, 0] {
            let TreasuryAnswer::Rejected(report) = self.house.treasury(command.clone()) else {
                panic!("a report")
            };
            let known = 1 - u32::try_from(reopened).expect("one or none");
            assert_eq!((report.reopened.len(), report.known), (reopened, known));
            assert!(report.unknown.is_empty(), "{report:?}");
        }
        self.plain.collecting -= cents;
        self.plain.contributes(member, self.month(), -cents);
        self.seen.rejected += 1;
    }

    /// What a vendor may be paid now: what it is owed, less what is contested.
    fn payable(&mut self) -> BTreeMap<VendorId, i64> {
        let today = self.house.today;
        let mut due = BTreeMap::new();
        for stall in &self.stalls {
            let owed = self.plain.vendors[&stall.vendor].max(0);
            let fresh = self.contested.iter().filter(|contested| {
                contested.vendor == stall.vendor && contested.opened.days_until(today) < 15
            });
            let frozen = fresh.map(|contested| contested.cents).sum::<i64>().min(owed);
            self.seen.frozen += u32::from(frozen > 0);
            if owed > frozen {
                due.insert(stall.vendor, owed - frozen);
            }
        }
        due
    }

    /// Vendors are paid what they are owed; in April one has closed its account.
    pub fn vendors_are_paid(&mut self) {
        let due = self.payable();
        let everybody = Vec::new();
        let asked = TreasuryQuery::PayoutPreview { vendors: everybody.clone() };
        let preview = ordered(self.house.tell_treasury(asked));
        let command = TreasuryCommand::OrderPayouts { vendors: everybody, on: None };
        let report = ordered(self.house.treasury(command));
        assert_eq!(report.payments, preview.payments);
        let paid = report.payments.iter().map(|(who, cents)| match who {
            Payee::Vendor(vendor) => (*vendor, plain(*cents)),
            other => panic!("nobody else is paid: {other:?}"),
        });
        assert_eq!(paid.collect::<BTreeMap<_, _>>(), due, "{}: who is paid", self.house.today);
        for (vendor, cents) in due {
            *self.plain.vendors.entry(vendor).or_default() -= cents;
            self.plain.ordered += cents;
        }
        self.the_bank_gets_the_transfers(&report);
    }

    fn the_bank_gets_the_transfers(&mut self, report: &OrderReport) {
        let (version, message) = if self.number_of_month() % 2 == 0 {
            (pain001::Version::V03, "pain.001.001.03")
        } else {
            (pain001::Version::V09, "pain.001.001.09")
        };
        let file = transfers(&self.batch_file(report), version).expect("a file");
        let again = transfers(&self.batch_file(report), version).expect("a file");
        assert_eq!(file.bytes, again.bytes, "made again, it is the same file");
        assert_valid(message, &file.bytes);
        if self.number_of_month() == 4 {
            self.bank.closed.insert(self.stalls[3].iban.clone());
        }
        for one in orders(&file.bytes) {
            let stall = self.stalls.iter().find(|stall| stall.iban == one.iban);
            let vendor = stall.expect("one of the vendors").vendor;
            self.bank.carries_out(&one, For::Payout { vendor }, For::PayoutBack { vendor });
        }
        if self.number_of_month() == 5 {
            self.a_vendor_has_a_new_account();
        }
    }

    /// From June on the vendor whose transfers came back has another account.
    fn a_vendor_has_a_new_account(&mut self) {
        let (vendor, other) = (self.stalls[3].vendor, iban(990_003));
        self.says_its_account(&other, vendor);
        let stall = &mut self.stalls[3];
        stall.former.push(std::mem::replace(&mut stall.iban, other));
    }
}
