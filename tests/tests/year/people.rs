//! Households that come, contribute, lose their cards, and let their credit grow old.

use crdt::Date;
use ledger::answer::CardAnswer;
use ledger::command::{CardCommand, Purse, WhyReplaced};
use ledger::guarantee::Force;
use ledger::refused::{MemberRefused, Refused};
use ledger::{Answer, Command, Query};

use super::bank::For;
use super::house::{EXPIRES_AFTER, NOTICE, rules};
use super::town::{Pays, Town, money, plain};

impl Town {
    /// Newcomers join, cards are lost, and those who transfer their contributions order that.
    pub fn people_come_and_go(&mut self) {
        if self.asked_for_more {
            self.a_grant_is_confirmed(15_000_000, "VILLE2026B");
            self.asked_for_more = false;
        }
        if self.number_of_month() > 1 {
            (0..2).for_each(|_| self.a_household_joins());
            (0..2).for_each(|_| self.a_card_is_lost());
        }
        self.transfers_are_ordered();
    }

    /// A card is blocked and another put in its place; the old one pays no longer.
    fn a_card_is_lost(&mut self) {
        let place = self.someone();
        let family = &self.families[place];
        let (card, why) = (family.card_id, WhyReplaced::Lost);
        let code = "1234".parse().expect("four digits");
        let command = CardCommand::Replace { card, why, code, blank: None };
        let Answer::Cards(CardAnswer::Replaced { old, new }) =
            self.house.ok(Command::Cards(command))
        else {
            panic!("a new card")
        };
        assert_eq!(old, card);
        assert_eq!(new.member, family.member, "the credit stays where it is");
        let lost = family.card.clone();
        self.families[place].card = new.qr.parse().expect("a card");
        self.families[place].card_id = new.card;
        self.nobody_pays_with(lost);
        self.seen.cards_replaced += 1;
    }

    /// Most households that transfer do it before the 12th; some later, some not at all.
    fn transfers_are_ordered(&mut self) {
        let (month, month_number) = (self.month(), self.number_of_month());
        for place in 0..self.families.len() {
            let family = &self.families[place];
            if family.pays != Pays::ByTransfer || !family.is_here {
                continue;
            }
            let (member, mut cents) = (family.member, family.monthly);
            let mut words = format!("Cotisation {} merci", family.reference);
            let mut clear = true;
            let late = i32::from(self.chance.once_in(15));
            if self.chance.once_in(20) {
                continue;
            }
            if self.chance.once_in(90) {
                words = format!("Cotisation du foyer {place} sans référence");
                clear = false;
            }
            if month_number == 5 && place == 1 {
                // More than the rules take: a person looks at it.
                (cents, clear) = (30_000, false);
            }
            let drawn = i32::try_from(self.chance.below(9)).expect("it is below 9");
            let day = month.first_day().plus_days(2 + drawn + 13 * late);
            let what = For::Contribution { member, month, clear };
            self.bank.transfer(day, cents, what, words);
        }
        self.funder_and_bank_move_money();
    }

    /// The town pays its grant in quarters, and the bank takes its fees.
    fn funder_and_bank_move_money(&mut self) {
        let day = self.house.today.plus_days(5);
        if matches!(self.number_of_month(), 1 | 4 | 7 | 10) {
            self.bank.transfer(day, 5_000_000, For::Grant, "Subvention VILLE2026A".to_owned());
        }
        self.bank.transfer(day, -450, For::Other, format!("Frais de tenue de compte {day}"));
    }

    /// Some households pay at the office, and get a receipt.
    pub fn cash_is_paid_in(&mut self) {
        let month = self.month();
        for place in 0..self.families.len() {
            let family = &self.families[place];
            if family.pays != Pays::InCash || !family.is_here || self.chance.once_in(20) {
                continue;
            }
            let (member, cents) = (family.member, family.monthly);
            let (amount, into) = (money(cents), Purse::Cash);
            self.house.ok(Command::AddContribution { member, month, amount, into });
            self.plain.cash += cents;
            self.plain.contributes(member, month, cents);
        }
    }

    /// What the rules give a household, by the test's own reading of them.
    fn scale(&self, persons: u16) -> i64 {
        let (first, further) =
            if self.number_of_month() < 5 { (6_000, 3_000) } else { (6_600, 3_200) };
        first + further * (i64::from(persons) - 1)
    }

    /// The allocations of the month are previewed, then issued; a second run issues only what is missing.
    pub fn allocations_are_issued(&mut self) {
        let month = self.month();
        let given = |town: &Self, member| town.plain.contributed.get(&(member, month)).copied();
        let here = self.families.iter().filter(|family| family.is_here);
        let contributed = here.filter(|f| given(self, f.member).unwrap_or_default() > 0);
        let mut due: Vec<_> = contributed
            .filter(|family| !self.was_issued(family.member, month))
            .map(|family| (family.member, self.scale(family.persons)))
            .collect();
        due.sort_unstable();
        let preview = self.house.tell(&Query::AllocationPreview(month));
        let Answer::Allocated(preview) = preview else { panic!("a preview") };
        let issued: Vec<_> =
            preview.issued.iter().map(|(id, cents)| (*id, plain(*cents))).collect();
        assert_eq!(issued, due, "{month}: who gets what");
        let total: i64 = due.iter().map(|(_, cents)| cents).sum();
        let margin = self.plain.margin();
        assert_eq!(preview.guarantee.margin().get(), margin, "{month}: how credit is covered");
        let report = match self.house.ask(Command::Allocate { month, force: None }) {
            Ok(Answer::Allocated(report)) => report,
            Err(Refused::Member(MemberRefused::NotCovered { short })) => {
                assert_eq!(plain(short), total - margin, "{month}: what is missing");
                self.seen.forced += 1;
                self.asked_for_more = true;
                let force =
                    Some(Force::because("la ville a promis la suite pour le mois prochain"));
                match self.house.ok(Command::Allocate { month, force }) {
                    Answer::Allocated(report) => report,
                    other => panic!("no report: {other:?}"),
                }
            }
            other => panic!("no report: {other:?}"),
        };
        assert_eq!((report.issued, report.total), (preview.issued, preview.total));
        let today = self.house.today.number();
        for (member, cents) in due {
            self.plain.purse(member).is_given(today, cents);
            self.plain.allocations += cents;
            self.issued.insert((member, month));
        }
        let again = self.house.ok(Command::Allocate { month, force: None });
        let Answer::Allocated(again) = again else { panic!("a report") };
        assert_eq!(again.issued, [], "a second run changes nothing");
    }

    fn was_issued(&self, member: crdt::MemberId, month: crdt::Month) -> bool {
        self.issued.contains(&(member, month))
    }

    /// In March the committee plans higher allocations from May on.
    pub fn the_committee_plans_rules(&mut self) {
        if self.number_of_month() == 3 {
            let from = Date::new(2026, 5, 1).expect("a day");
            let rules = Box::new(rules(2, from, 6_600, 3_200));
            self.house.ok(Command::PlanRules { rules, force: None });
        }
    }

    /// Each day old credit is told of, or expires.
    pub fn old_credit_expires(&mut self) {
        let (today, lasts) = (self.house.today.number(), i32::from(EXPIRES_AFTER));
        let mut gone = 0;
        for purse in self.plain.purses.values_mut() {
            gone += purse.a_day_passes(today, lasts, i32::from(NOTICE));
        }
        let Answer::Expired(report) = self.house.ok(Command::Expire) else { panic!("a report") };
        assert_eq!(plain(report.total), gone, "{}: what expires", self.house.today);
        self.plain.expired += gone;
        self.seen.expiries += u32::from(gone > 0);
    }
}
