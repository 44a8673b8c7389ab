//! Households that change, leave, come back, and one whose name is forgotten.

use crdt::{Date, MemberId};
use ledger::answer::PeopleAnswer;
use ledger::command::{MemberChange, PeopleCommand, PeopleQuery};
use ledger::member::ErasureReason;
use ledger::rules::Household;
use ledger::{Answer, Command, Query};

use super::town::{Family, Town, plain};

impl Family {
    /// Returns whether it can buy on a day.
    pub fn still_buys(&self, today: Date) -> bool {
        self.is_here || self.until.is_some_and(|until| today <= until)
    }
}

impl Town {
    fn people(&mut self, command: PeopleCommand) -> PeopleAnswer {
        match self.house.ok(Command::People(command)) {
            Answer::People(answer) => *answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    fn tell_people(&self, question: PeopleQuery) -> PeopleAnswer {
        match self.house.tell(&Query::People(question)) {
            Answer::People(answer) => *answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Draws a household that has not left.
    pub fn someone(&mut self) -> usize {
        let here = self.families.iter().enumerate().filter(|(_, family)| family.is_here);
        let places: Vec<usize> = here.map(|(place, _)| place).collect();
        *self.chance.one_of(&places)
    }

    /// Children are born and grown-ups move in: the next allocation knows it.
    pub fn households_change(&mut self) {
        for _ in 0..2 {
            let place = self.someone();
            let family = &mut self.families[place];
            family.persons += 1;
            let (adults, member) = (family.persons, family.member);
            let household = Some(Household { adults, teens: 0, children: 0 });
            let change = Box::new(MemberChange { household, ..MemberChange::default() });
            self.people(PeopleCommand::Change { member, change });
            self.seen.changed += 1;
        }
    }

    /// One household leaves at once, another may spend the rest until a day.
    pub fn households_leave(&mut self) {
        let place = self.someone();
        self.a_household_leaves(place, None);
        let until = self.house.today.plus_days(20);
        let place = self.someone();
        self.a_household_leaves(place, Some(until));
    }

    fn a_household_leaves(&mut self, place: usize, until: Option<Date>) {
        let member = self.families[place].member;
        let preview = self.tell_people(PeopleQuery::LeavePreview { member, until });
        let reason = "déménage".to_owned();
        let left = self.people(PeopleCommand::Leave { member, until, reason });
        let (PeopleAnswer::Left(preview), PeopleAnswer::Left(left)) = (preview, left) else {
            panic!("a departure")
        };
        assert_eq!((left.expired, left.left), (preview.expired, preview.left));
        let today = self.house.today;
        let purse = self.plain.purse(member);
        let gone = if until.is_none() { purse.all_goes() } else { 0 };
        purse.until = Some(until.unwrap_or(today.plus_days(-1)).number());
        assert_eq!((plain(left.expired), plain(left.left)), (gone, purse.cents));
        self.plain.expired += gone;
        let family = &mut self.families[place];
        (family.is_here, family.until, family.lost) = (false, until, gone);
        self.seen.left += 1;
    }

    /// In June, August and October someone comes back, with what had expired; in September and November
    /// someone asks to be forgotten.
    pub fn one_comes_back_or_is_erased(&mut self) {
        match self.number_of_month() {
            6 | 8 | 10 => self.one_comes_back(),
            9 | 11 => self.one_is_erased(),
            _ => {}
        }
    }

    fn one_comes_back(&mut self) {
        let left = |family: &Family| !family.is_here && family.until.is_none() && family.lost > 0;
        let place = self.families.iter().position(left).expect("someone left with credit");
        let (member, lost) = (self.families[place].member, self.families[place].lost);
        let back = self.people(PeopleCommand::Return { member, with_credit: true });
        let PeopleAnswer::Returned { credit, .. } = back else { panic!("a return: {back:?}") };
        assert_eq!(plain(credit), lost, "what had expired is there again");
        let purse = self.plain.purse(member);
        purse.cents += lost;
        purse.until = None;
        self.plain.expired -= lost;
        let code = "1234".parse().expect("four digits");
        let Answer::CardIssued(card) = self.house.ok(Command::IssueCard { member, code }) else {
            panic!("a card")
        };
        let family = &mut self.families[place];
        let blocked = std::mem::replace(&mut family.card, card.qr.parse().expect("a card"));
        (family.card_id, family.is_here, family.lost) = (card.card, true, 0);
        self.nobody_pays_with(blocked);
        self.seen.came_back += 1;
    }

    /// Nothing says any more who it was; what it held expires, and the books stay as they are.
    fn one_is_erased(&mut self) {
        let place = self.someone();
        let member = self.families[place].member;
        assert!(self.name_of(member).is_some());
        let reason = ErasureReason::Request;
        let erased = self.people(PeopleCommand::Erase { member, reason });
        let PeopleAnswer::Erased(erased) = erased else { panic!("an erasure: {erased:?}") };
        assert_eq!(self.name_of(member), None, "nobody knows who it was");
        let today = self.house.today;
        let purse = self.plain.purse(member);
        let gone = purse.all_goes();
        purse.until = Some(today.plus_days(-1).number());
        assert_eq!(plain(erased.expired), gone);
        self.plain.expired += gone;
        self.families[place].is_here = false;
        self.seen.erased += 1;
    }

    fn name_of(&self, member: MemberId) -> Option<String> {
        match self.house.tell(&Query::Member(member)) {
            Answer::Member(detail) => detail.info.name,
            other => panic!("no member: {other:?}"),
        }
    }
}
