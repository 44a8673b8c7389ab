//! Market days: sales, refusals, refunds, and sales that are contested.

use crdt::card::CardText;
use crdt::{Cents, Date, DisputeId, MemberId, PaymentId, VendorId};
use ledger::answer::DisputesAnswer;
use ledger::command::{Burden, Decision, DisputesCommand, PayIntent, PaymentCode, Purchase};
use ledger::refused::{PaymentRefused, Refused};
use ledger::{Answer, Command};

use super::town::{Town, money, plain};

/// A sale that can still be given back or contested.
#[derive(Clone, Copy, Debug)]
pub struct Sold {
    payment: PaymentId,
    member: MemberId,
    vendor: VendorId,
    left: i64,
    day: Date,
}

/// A sale that a member contests.
#[derive(Clone, Copy, Debug)]
pub struct Contested {
    dispute: DisputeId,
    member: MemberId,
    pub vendor: VendorId,
    pub cents: i64,
    pub opened: Date,
}

impl Town {
    /// A day at the market: most households buy once, some things are brought back.
    pub fn market_day(&mut self) {
        let week_ago = self.house.today.plus_days(-14);
        self.sold.retain(|sold| sold.day >= week_ago && sold.left > 0);
        for place in 0..self.families.len() {
            let family = &self.families[place];
            let seldom = if family.saves { 12 } else { 1 };
            if family.still_buys(self.house.today)
                && self.chance.once_in(seldom)
                && !self.chance.once_in(4)
            {
                self.a_household_buys(place);
            }
        }
        (0..6).for_each(|_| self.something_is_brought_back());
    }

    fn intent(&mut self, card: CardText, vendor: VendorId, price: i64, code: &str) -> PayIntent {
        let code = PaymentCode::Plain(code.parse().expect("four digits"));
        let purchase = Purchase::from(money(price));
        PayIntent { payment: self.new_id(), card, vendor, purchase, code, scanned: false }
    }

    /// A household buys, and the till says what the test expects: paid, paid in part, or refused.
    fn a_household_buys(&mut self, place: usize) {
        let stall = usize::try_from(self.chance.below(12)).expect("it is below 12");
        let (vendor, rate) = (self.stalls[stall].vendor, self.stalls[stall].rate);
        let (member, card) = (self.families[place].member, self.families[place].card.clone());
        // A multiple of four cents is covered to the cent at every rate of this town.
        let price = 4 * (75 + i64::try_from(self.chance.below(1_000)).expect("it is below 1,000"));
        let holds = self.plain.purse(member).cents;
        if holds == 0 && !self.chance.once_in(10) {
            return;
        }
        let mut intent = self.intent(card, vendor, price, "1234");
        intent.purchase.partial = self.chance.once_in(2);
        let wanted = price * rate / 100;
        let (partial, payment) = (intent.purchase.partial, intent.payment);
        let covered = if partial { wanted.min(holds) } else { wanted };
        if self.chance.once_in(80) {
            return self.the_code_is_wrong(intent);
        }
        let outcome = self.house.ask(Command::Pay(intent));
        if covered > holds || covered == 0 {
            let Err(Refused::Payment(PaymentRefused::InsufficientFunds { available })) = outcome
            else {
                panic!("{payment}: {holds} cents cover {covered}: {outcome:?}")
            };
            assert_eq!(plain(available), holds);
            self.seen.refused += 1;
            return;
        }
        let Ok(Answer::Paid(receipt)) = outcome else { panic!("not paid: {outcome:?}") };
        assert_eq!(plain(receipt.covered), covered);
        assert_eq!(plain(receipt.member_share), price - covered);
        assert_eq!(receipt.left.map(plain), Some(holds - covered));
        self.plain.buys(member, vendor, covered);
        let day = self.house.today;
        self.sold.push(Sold { payment, member, vendor, left: covered, day });
        self.seen.sales += 1;
    }

    fn the_code_is_wrong(&mut self, mut intent: PayIntent) {
        intent.code = PaymentCode::Plain("9999".parse().expect("four digits"));
        let outcome = self.house.ask(Command::Pay(intent));
        assert!(matches!(outcome, Err(Refused::Payment(_))), "{outcome:?}");
        self.seen.refused += 1;
    }

    /// A card that was lost buys nothing.
    pub fn nobody_pays_with(&mut self, card: CardText) {
        let vendor = self.stalls[0].vendor;
        let intent = self.intent(card, vendor, 400, "1234");
        let outcome = self.house.ask(Command::Pay(intent));
        assert_eq!(outcome, Err(Refused::Payment(PaymentRefused::CardBlocked)));
        self.seen.refused += 1;
    }

    fn a_sale_of_late(&mut self) -> Option<usize> {
        let several = self.sold.len() as u64;
        let place = (several > 0).then(|| self.chance.below(several))?;
        let place = usize::try_from(place).expect("a small number");
        (self.sold[place].left > 0).then_some(place)
    }

    /// Something goes back to the stall: all of what was covered, or half of it.
    fn something_is_brought_back(&mut self) {
        let Some(place) = self.a_sale_of_late() else { return };
        let Sold { payment, member, vendor, left, .. } = self.sold[place];
        let back = if self.chance.once_in(3) { left } else { (left / 2).max(1) };
        let amount = if back == left { None } else { Some(money(back)) };
        let id = self.new_id();
        let refund = Command::Refund { id, payment, amount };
        let Answer::Refunded(receipt) = self.house.ok(refund.clone()) else { panic!("a refund") };
        assert_eq!((plain(receipt.amount), plain(receipt.left)), (back, left - back));
        assert_eq!(self.house.ok(refund), Answer::Refunded(receipt), "asked again, it is one");
        self.plain.buys(member, vendor, -back);
        self.sold[place].left -= back;
        self.seen.refunds += 1;
    }

    /// A member contests a sale; until it is answered the vendor is not paid for it.
    pub fn a_sale_is_contested(&mut self) {
        let Some(place) = self.a_sale_of_late() else { return };
        let Sold { payment, member, vendor, left: cents, .. } = self.sold.swap_remove(place);
        let reason = "Je n'ai pas acheté cela".to_owned();
        let open = DisputesCommand::Open { payment, member, amount: None, reason };
        let DisputesAnswer::Dispute(info) = self.house.disputes(open) else { panic!("a dispute") };
        assert_eq!(plain(info.amount), cents);
        let (dispute, opened) = (info.id, self.house.today);
        self.contested.push(Contested { dispute, member, vendor, cents, opened });
        self.seen.disputes += 1;
    }

    /// The oldest dispute is answered: in turn the vendor bears it, nobody does, the caisse does.
    pub fn a_dispute_is_answered(&mut self) {
        while self.contested.len() > 1 {
            let Contested { dispute, member, vendor, cents, .. } = self.contested.remove(0);
            let owed = self.plain.vendors[&vendor];
            let reason = "Décidé en bureau".to_owned();
            let decision = match self.chance.below(3) {
                0 => Decision::Reject { reason },
                1 => self.the_caisse_bears(member, cents, reason),
                _ => {
                    let burden = if owed >= cents { Burden::Vendor } else { Burden::VendorOwes };
                    self.plain.buys(member, vendor, -cents);
                    Decision::Accept { amount: None::<Cents>, burden, reason: Some(reason) }
                }
            };
            self.house.disputes(DisputesCommand::Answer { dispute, decision });
        }
    }

    /// The member gets it back, and the vendor keeps what it is owed.
    fn the_caisse_bears(&mut self, member: MemberId, cents: i64, reason: String) -> Decision {
        self.plain.purse(member).cents += cents;
        self.plain.corrections += cents;
        let (burden, reason) = (Burden::Caisse, Some(reason));
        Decision::Accept { amount: None, burden, reason }
    }
}
