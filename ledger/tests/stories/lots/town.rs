//! A host (0) and a home caisse (1) that gives it lots, a visitor and a stall.

use crdt::agreement::Terms;
use crdt::lot::LotTerms;
use crdt::{Timestamp, VendorId};
use ledger::account::Account;
use ledger::answer::{GivenLotInfo, HeldLotInfo, LossesInfo, LotsInfo, OfflineAnswer, Receipt};
use ledger::command::{OfflineCommand, OfflineQuery, PayIntent, Purse};
use ledger::rules::Household;
use ledger::{Answer, Command, Outcome, Query};

use super::super::village::{Shopper, Village, cents, month, terms};

pub struct Town {
    pub village: Village,
    pub visitor: Shopper,
    pub vendor: VendorId,
}

/// What each lot allows.
pub fn policy() -> LotTerms {
    LotTerms { amount: cents(4_000), per_card: cents(3_000), per_sale: cents(2_000), days: 10 }
}

impl Town {
    pub fn open() -> Self {
        Self::with(&terms())
    }

    /// A reserve of 60 euros of the 220 that the home caisse holds.
    pub fn with(terms: &Terms) -> Self {
        let mut village = Village::federated(2, terms);
        let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
        let household = Household { adults: 1, teens: 0, children: 0 };
        let name = "Dominique Test".to_owned();
        let added = village.ok(1, Command::AddMember { name, household });
        let Answer::MemberAdded(member) = added else { panic!("a member is added") };
        let amount = cents(20_000);
        let (month, into) = (month(), Purse::Bank);
        village.ok(1, Command::AddContribution { member, month, amount, into });
        let (with, amount) = (village.id(0), cents(6_000));
        village.ok(1, Command::Offline(OfflineCommand::SetReserve { amount }));
        let policy = Some(policy());
        village.ok(1, Command::Offline(OfflineCommand::SetPolicy { with, policy }));
        let town = Self { village, visitor, vendor };
        town.village.all_is_well();
        town
    }

    /// The home caisse can be reached again.
    pub fn back(&mut self) {
        self.village.now = Timestamp::from_ms(self.village.now.as_ms() + 1_000);
        self.village.cut.clear();
        self.village.meet();
    }

    /// Lets days pass, hour by hour, so that nothing is asked for twice at one moment.
    pub fn days(&mut self, days: i64) {
        for _ in 0..days * 4 {
            self.village.wait(6 * 3_600_000);
        }
    }

    pub fn intent(&self, payment: u8, amount: u32, code: &str) -> PayIntent {
        self.village.intent(0, payment, self.vendor, &self.visitor, amount, code)
    }

    pub fn pay(&mut self, payment: u8, amount: u32) -> Option<Outcome> {
        self.village.pay(0, payment, self.vendor, &self.visitor, amount)
    }

    pub fn paid(&mut self, payment: u8, amount: u32) -> Receipt {
        self.village.paid(0, payment, self.vendor, &self.visitor, amount)
    }

    /// The visitor spends credit at home.
    pub fn spend_at_home(&mut self, amount: u32) {
        let vendor = self.village.vendor(1, 10_000);
        self.village.paid(1, 200, vendor, &self.visitor, amount);
    }

    pub fn lots(&self, house: usize) -> LotsInfo {
        match self.village.query(house, &Query::Offline(OfflineQuery::Lots)) {
            Ok(Answer::Offline(OfflineAnswer::Lots(lots))) => *lots,
            other => panic!("no lots: {other:?}"),
        }
    }

    pub fn losses(&self) -> LossesInfo {
        match self.village.query(1, &Query::Offline(OfflineQuery::Losses)) {
            Ok(Answer::Offline(OfflineAnswer::Losses(losses))) => losses,
            other => panic!("no losses: {other:?}"),
        }
    }

    /// The newest lot that the home caisse gave.
    pub fn given(&self) -> GivenLotInfo {
        self.lots(1).given.into_iter().next().expect("a lot was given")
    }

    /// The newest lot that the host holds.
    pub fn held(&self) -> HeldLotInfo {
        self.lots(0).held.into_iter().next().expect("a lot is held")
    }

    /// What the visitor was advanced.
    pub fn advance(&self) -> i64 {
        let account = Account::Advance(self.visitor.member);
        self.village.houses[1].caisse.books().holds(account).get()
    }

    /// What the home caisse bears itself.
    pub fn lost(&self) -> i64 {
        self.village.houses[1].caisse.books().holds(Account::OfflineLosses).get()
    }

    pub fn at(&mut self, moment: Timestamp) {
        self.village.now = moment;
    }
}
