//! Who lives and sells in the town, and how the year begins.

use std::collections::BTreeSet;

use crdt::card::CardText;
use crdt::{BasisPoints, CardId, Cents, Date, MemberId, Month, PaymentId, VendorId};
use ledger::answer::TreasuryAnswer;
use ledger::command::{TreasuryCommand, TreasuryQuery};
use ledger::rules::Household;
use ledger::treasury::details::{Details, Holder, Mandate};
use ledger::{Answer, Command, Query};
use tests::chance::Chance;

use super::bank::{Bank, OWN, iban};
use super::house::{House, rules};
use super::market::{Contested, Sold};
use super::plain::Plain;
use super::reports::Taken;

/// How a household contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pays {
    ByDebit,
    ByTransfer,
    InCash,
}

/// A household.
pub struct Family {
    pub member: MemberId,
    pub card: CardText,
    pub card_id: CardId,
    pub persons: u16,
    /// Cents each month.
    pub monthly: i64,
    pub pays: Pays,
    pub reference: String,
    pub iban: String,
    /// It hardly ever buys, so that its credit grows old.
    pub saves: bool,
    /// It has not left.
    pub is_here: bool,
    /// The last day on which it buys with what is left, once it has left.
    pub until: Option<Date>,
    /// What expired when it left.
    pub lost: i64,
}

/// A vendor.
pub struct Stall {
    pub vendor: VendorId,
    /// Percent of the price that are covered.
    pub rate: i64,
    pub iban: String,
    /// Accounts that it had before.
    pub former: Vec<String>,
}

/// How often things happened that must happen in a year.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub sales: u32,
    pub refused: u32,
    pub refunds: u32,
    pub disputes: u32,
    pub debits_back: u32,
    pub rejected: u32,
    pub payouts_back: u32,
    pub unclear_lines: u32,
    pub broken_lines: u32,
    pub expiries: u32,
    pub cards_replaced: u32,
    pub changed: u32,
    pub left: u32,
    pub came_back: u32,
    pub erased: u32,
    pub forced: u32,
    pub frozen: u32,
}

/// The town.
pub struct Town {
    pub house: House,
    pub bank: Bank,
    pub plain: Plain,
    pub chance: Chance,
    pub families: Vec<Family>,
    pub stalls: Vec<Stall>,
    pub sold: Vec<Sold>,
    pub contested: Vec<Contested>,
    pub seen: Seen,
    pub taken: Vec<Taken>,
    /// Which allocations were issued.
    pub issued: BTreeSet<(MemberId, Month)>,
    /// The first day of the next statement.
    pub not_stated: Date,
    /// The funder knows that the money does not suffice.
    pub asked_for_more: bool,
}

/// Returns an amount of money.
pub fn money(cents: i64) -> Cents {
    Cents::new(u64::try_from(cents).expect("not below zero")).expect("a small amount")
}

/// Returns an amount as a plain integer.
pub fn plain(amount: Cents) -> i64 {
    i64::try_from(amount.get()).expect("a small amount")
}

fn account(name: &str, iban: &str) -> Details {
    let (bic, mandate, creditor_id) = (None, None, None);
    Details {
        name: name.to_owned(),
        iban: iban.parse().expect("it has the right check digits"),
        bic,
        mandate,
        creditor_id,
    }
}

impl Town {
    /// Founds the caisse: its account, its vendors, 400 households, and the grant of the town.
    pub fn founded(seed: u64) -> Self {
        let first = Date::new(2026, 1, 1).expect("a day");
        let mut town = Self {
            house: House::open(rules(1, first, 6_000, 3_000)),
            bank: Bank::default(),
            plain: Plain::default(),
            chance: Chance::new(seed),
            families: Vec::new(),
            stalls: Vec::new(),
            sold: Vec::new(),
            contested: Vec::new(),
            seen: Seen::default(),
            taken: Vec::new(),
            issued: BTreeSet::new(),
            not_stated: first,
            asked_for_more: false,
        };
        let own = Details {
            creditor_id: Some("FR72ZZZ123456".to_owned()),
            ..account("Caisse imaginaire", OWN)
        };
        let own = TreasuryCommand::SetDetails { of: Holder::Own, details: Box::new(own) };
        town.house.treasury(own);
        town.a_grant_is_confirmed(20_000_000, "VILLE2026A");
        (0..12).for_each(|number| town.a_vendor_opens(number));
        (0..400).for_each(|_| town.a_household_joins());
        town
    }

    /// A funder confirms a grant.
    pub fn a_grant_is_confirmed(&mut self, cents: i64, reference: &str) {
        let (funder, reference) = ("Ville imaginaire".to_owned(), reference.to_owned());
        self.house.ok(Command::ConfirmGrant { funder, amount: money(cents), reference });
        self.plain.grants_due += cents;
        self.plain.grants += cents;
    }

    fn a_vendor_opens(&mut self, number: usize) {
        let add = Command::AddVendor {
            name: format!("Étal {number}"),
            commune: "34172".to_owned(),
            kind: if number < 8 { "market" } else { "shop" }.to_owned(),
            till: None,
        };
        let Answer::VendorAdded(vendor) = self.house.ok(add) else { panic!("a vendor") };
        let rate = [100, 100, 75, 50][number % 4];
        let coverage = BasisPoints::new(rate * 100).expect("a rate");
        let reason = "décidé par le comité".to_owned();
        self.house.ok(Command::ApproveVendor { vendor, coverage, reason });
        let iban = iban(900_000 + number);
        let stall = Stall { vendor, rate: i64::from(rate), iban, former: Vec::new() };
        self.says_its_account(&stall.iban, vendor);
        self.plain.vendors.insert(vendor, 0);
        self.stalls.push(stall);
    }

    /// A vendor says where it is paid.
    pub fn says_its_account(&mut self, iban: &str, vendor: VendorId) {
        let details = Box::new(account("Étal imaginaire", iban));
        self.house.treasury(TreasuryCommand::SetDetails { of: Holder::Vendor(vendor), details });
    }

    /// A household joins, gets a card, and says how it contributes.
    pub fn a_household_joins(&mut self) {
        let number = self.families.len();
        let (adults, children) = (1 + self.chance.below(2), self.chance.below(4));
        let small = |count: u64| u16::try_from(count).expect("a few");
        let household = Household { adults: small(adults), teens: 0, children: small(children) };
        let add = Command::AddMember { name: format!("Foyer Imaginaire {number}"), household };
        let Answer::MemberAdded(member) = self.house.ok(add) else { panic!("a member") };
        let code = "1234".parse().expect("four digits");
        let Answer::CardIssued(card) = self.house.ok(Command::IssueCard { member, code }) else {
            panic!("a card")
        };
        let asked = TreasuryQuery::Reference(member);
        let TreasuryAnswer::Reference(reference) = self.house.tell_treasury(asked) else {
            panic!("a reference")
        };
        let family = Family {
            member,
            card: card.qr.parse().expect("a card"),
            card_id: card.card,
            persons: household.adults + household.children,
            monthly: 1_000 + 500 * i64::try_from(self.chance.below(11)).expect("a few"),
            pays: [Pays::ByDebit, Pays::ByTransfer, Pays::ByTransfer, Pays::InCash][number % 4],
            reference: reference.as_str().to_owned(),
            iban: iban(number),
            saves: number % 10 == 9,
            is_here: true,
            until: None,
            lost: 0,
        };
        if family.pays == Pays::ByDebit {
            self.signs_a_mandate(&family);
        }
        self.plain.purse(member);
        self.families.push(family);
    }

    fn signs_a_mandate(&mut self, family: &Family) {
        let (signed, reference) = (self.house.today, family.reference.clone());
        let mandate = Mandate { reference, signed, monthly: money(family.monthly), used: false };
        let details = account("Membre imaginaire", &family.iban);
        let details = Box::new(Details { mandate: Some(mandate), ..details });
        let of = Holder::Member(family.member);
        self.house.treasury(TreasuryCommand::SetDetails { of, details });
    }

    /// Returns the month that it is.
    pub fn month(&self) -> Month {
        self.house.today.month()
    }

    /// Returns the number of the month, from 1.
    pub fn number_of_month(&self) -> i8 {
        let months = (1..=12).map(|number| Month::new(2026, number).expect("a month"));
        let place = months.zip(1..).find(|(month, _)| *month == self.month());
        place.map_or(0, |(_, number)| number)
    }

    /// Draws the id of a sale or a refund.
    pub fn new_id(&mut self) -> PaymentId {
        PaymentId::new(self.chance.bytes())
    }

    /// Every account of the books is what it should be, and `verify` finds nothing.
    pub fn assert_books(&self) {
        let Answer::Accounts(accounts) = self.house.tell(&Query::Accounts) else {
            panic!("accounts")
        };
        self.plain.assert_same(&accounts);
        let Answer::Verified(report) = self.house.tell(&Query::Verify) else { panic!("a report") };
        assert!(report.is_clean(), "{}: {:?}", self.house.today, report.differences);
    }
}
