//! Tills: what they ask for, and what they were told. Their word is what the books are compared with.

use crdt::card::{CardCertificate, CardText};
use crdt::{BasisPoints, Cents, MemberId, PaymentId, VendorId};
use ledger::answer::{Receipt, RefundReceipt};
use ledger::command::{PayIntent, PaymentCode, Purchase};
use ledger::refused::{PaymentRefused, RefundRefused};
use ledger::{Answer, Command, Outcome, Refused};

use crate::broken::{Broken, broken, holds};
use crate::words::shown;
use crate::world::{Asker, Event, World};

/// Sales with a wrong code, in a thousand.
const WRONG_CODES: u32 = 40;

/// The code of every card, and a wrong one.
const CODES: [&str; 2] = ["4071", "0000"];

/// A member with a card.
#[derive(Clone, Debug)]
pub struct Shopper {
    /// The caisse's place in the world.
    pub home: usize,
    /// The member.
    pub member: MemberId,
    /// The card.
    pub card: Box<CardCertificate>,
}

/// A vendor with the rate at which it is covered.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// The caisse's place in the world.
    pub host: usize,
    /// The vendor.
    pub vendor: VendorId,
    /// The rate for members of its own caisse.
    pub rate: BasisPoints,
}

/// What a till was told of a sale, in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is paid.
    Paid(Receipt),
    /// It is not, and never will be under this id.
    Refused(PaymentRefused),
}

/// A sale that a till wants.
#[derive(Clone, Debug)]
pub struct Sale {
    /// Who buys.
    pub shopper: usize,
    /// Where.
    pub stall: Stall,
    /// What is asked for.
    pub intent: PayIntent,
    /// What the credit is expected to pay.
    pub covered: Cents,
    /// The till's last word.
    pub word: Option<Word>,
}

/// A refund that a till wants.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Of which sale.
    pub sale: usize,
    /// The refund's id.
    pub id: PaymentId,
    /// How much; all that is left when absent.
    pub amount: Option<Cents>,
    /// What the till was told.
    pub word: Option<Result<RefundReceipt, RefundRefused>>,
}

/// All tills.
#[derive(Clone, Debug, Default)]
pub struct Tills {
    /// Who may buy.
    pub shoppers: Vec<Shopper>,
    /// Where.
    pub stalls: Vec<Stall>,
    /// What was asked for.
    pub sales: Vec<Sale>,
    /// What was given back.
    pub refunds: Vec<Refund>,
}

/// Returns whether the caisse keeps a refusal: then it must say the same for ever.
const fn is_kept(refused: &PaymentRefused) -> bool {
    matches!(
        refused,
        PaymentRefused::CardBlocked
            | PaymentRefused::CardLocked { .. }
            | PaymentRefused::WrongCode { .. }
            | PaymentRefused::InsufficientFunds { .. }
            | PaymentRefused::HomeSilent
            | PaymentRefused::Denied(_)
    )
}

impl World {
    /// Thinks up a sale and lets its till ask for it.
    pub fn new_sale(&mut self) {
        let shopper = self.chance.index(self.tills.shoppers.len());
        let home = self.tills.shoppers[shopper].home;
        let across = self.chance.permille(700);
        let stalls: Vec<Stall> =
            self.tills.stalls.iter().filter(|s| (s.host != home) == across).copied().collect();
        let stall = stalls[self.chance.index(stalls.len())];
        let amount = self.amount(100, 4_000);
        let wrong = self.chance.permille(WRONG_CODES);
        self.sells(shopper, stall, amount, CODES[usize::from(wrong)]);
    }

    /// Thinks up sales that come all at once: several members of one caisse at another, or one card at
    /// several caisses.
    pub fn new_rush(&mut self, sales: usize) {
        let first = self.chance.index(self.tills.shoppers.len());
        let home = self.tills.shoppers[first].home;
        let same_card = self.chance.permille(300);
        let ours: Vec<usize> = (0..self.tills.shoppers.len())
            .filter(|other| self.tills.shoppers[*other].home == home)
            .collect();
        let other = self.another(home);
        let hostile = (0..self.houses.len()).find(|house| self.is_hostile(*house));
        let host = hostile.filter(|host| *host != home).unwrap_or(other);
        let stalls: Vec<Stall> =
            self.tills.stalls.iter().filter(|s| same_card || s.host == host).copied().collect();
        for _ in 0..sales {
            let shopper = if same_card { first } else { ours[self.chance.index(ours.len())] };
            let stall = stalls[self.chance.index(stalls.len())];
            let amount = self.amount(300, 4_000);
            self.sells(shopper, stall, amount, CODES[0]);
        }
        self.houses[home].slow_until = self.now + 3_000;
    }

    /// Returns the right code of every card.
    #[must_use]
    pub const fn right_code() -> &'static str {
        CODES[0]
    }

    /// Lets a till ask for a sale; returns its number.
    pub fn sells(&mut self, shopper: usize, stall: Stall, amount: Cents, code: &str) -> usize {
        let across = self.tills.shoppers[shopper].home != stall.host;
        let intent = self.intent(shopper, stall, amount, code);
        let most = self.plan.terms.coverage_max;
        let rate = if across { stall.rate.min(most) } else { stall.rate };
        let covered = rate.split(amount).covered;
        self.tills.sales.push(Sale { shopper, stall, intent, covered, word: None });
        let sale = self.tills.sales.len() - 1;
        self.later(0, Event::Till(sale));
        if self.chance.permille(150) {
            let soon = self.chance.ms(0, 400);
            self.later(soon, Event::Till(sale));
        }
        sale
    }

    /// Seals the code as a till does.
    fn intent(&mut self, shopper: usize, stall: Stall, amount: Cents, digits: &str) -> PayIntent {
        let Shopper { home, card, .. } = self.tills.shoppers[shopper].clone();
        let payment = self.new_id();
        let code = if home == stall.host {
            PaymentCode::Plain(digits.parse().expect("four digits"))
        } else {
            let request = Purchase::from(amount).request(payment, card.card, stall.vendor);
            let key = self.houses[home].contact().sealing;
            let sealed = key.seal(digits.as_bytes(), &payment, &request, self.chance.bytes());
            PaymentCode::Sealed(sealed.expect("a code of four digits seals"))
        };
        let scanned = self.plan.scans || self.chance.permille(600);
        let card = if scanned { CardText::Certificate(card) } else { CardText::Number(card.card) };
        PayIntent {
            payment,
            card,
            vendor: stall.vendor,
            purchase: amount.into(),
            code,
            scanned: false,
        }
    }

    /// A till asks, and asks again as long as it has no answer.
    pub(crate) fn till_asks(&mut self, sale: usize) -> Result<(), Broken> {
        let Sale { stall, intent, word, covered, shopper } = self.tills.sales[sale].clone();
        if self.is_hostile(stall.host) {
            // Whatever such a till shows, nobody can say.
            let home = self.tills.shoppers[shopper].home;
            self.hostile(|hostile| hostile.is_asked_by_till(home, &intent, covered));
            return Ok(());
        }
        if word.is_none() {
            let again = self.asks_again_after();
            self.later(again, Event::Till(sale));
        } else if self.chaos && self.chance.permille(800) {
            return Ok(());
        }
        let paid = matches!(word, Some(Word::Paid(_)));
        // A house that came back from a backup may have forgotten the sale, and would take another.
        if paid && !self.houses[stall.host].restored && self.chance.permille(100) {
            let more = intent.purchase.amount.checked_add(Cents::from_u32(1));
            let purchase = more.unwrap_or(Cents::MAX).into();
            let changed = PayIntent { purchase, ..intent.clone() };
            self.ask(stall.host, Asker::ChangedSale(sale), Command::Pay(changed))?;
        }
        self.ask(stall.host, Asker::Sale(sale), Command::Pay(intent))
    }

    /// How long a till waits until it asks again.
    fn asks_again_after(&mut self) -> i64 {
        let longer = if self.night { 180 } else { 1 };
        self.chance.ms(7_000, 20_000) * longer
    }

    /// A till hears what became of a sale.
    pub(crate) fn till_is_told(&mut self, sale: usize, outcome: &Outcome) -> Result<(), Broken> {
        let at = self.now;
        self.trace.note(at, || format!("    the till of sale {sale} is told {outcome:?}"));
        let known = self.tills.sales[sale].word.clone();
        let word = match outcome {
            Ok(Answer::Paid(receipt)) => Word::Paid(receipt.clone()),
            Err(Refused::Payment(refused)) => Word::Refused(refused.clone()),
            other => return broken("I3", format!("sale {sale} was answered by {other:?}")),
        };
        let restored = self.houses[self.tills.sales[sale].stall.host].restored;
        let Sale { intent, covered, word: before, .. } = &mut self.tills.sales[sale];
        if let Word::Paid(receipt) = &word {
            let Receipt { amount, member_share, .. } = receipt;
            let parts = receipt.covered.checked_add(*member_share);
            let right = receipt.payment == intent.payment
                && *amount == intent.purchase.amount
                && parts == Some(*amount)
                && receipt.covered == *covered;
            holds(right, "I3", || format!("sale {sale} has the receipt {receipt:?}"))?;
        }
        match before {
            Some(Word::Refused(refused)) if !is_kept(refused) => {}
            // A host that came back from a backup knows its own sales again once it has heard the
            // others; until then it says that it cannot know.
            Some(Word::Paid(_)) if restored && matches!(&word, Word::Refused(r) if !is_kept(r)) => {
                return Ok(());
            }
            Some(before) if *before != word => {
                return broken("I4", format!("sale {sale} was {before:?} and is now {word:?}"));
            }
            Some(_) | None => {}
        }
        *before = Some(word);
        if known != self.tills.sales[sale].word {
            let host = self.called.house(self.tills.sales[sale].stall.host);
            let name = self.called.sale(sale);
            self.trace
                .tells(at, || format!("The till of {host} shows for {name}: {}", shown(outcome)));
        }
        Ok(())
    }

    /// A till that changed the price of a paid sale hears that this is another sale.
    pub(crate) fn till_is_told_of_change(
        &mut self,
        sale: usize,
        outcome: &Outcome,
    ) -> Result<(), Broken> {
        let conflict = *outcome == Err(PaymentRefused::Conflict.into());
        let restored = self.houses[self.tills.sales[sale].stall.host].restored;
        holds(conflict || restored, "I3", || {
            format!("sale {sale} was asked for at another price and answered by {outcome:?}")
        })
    }

    /// A till gives back a part of a sale that it made.
    pub fn new_refund(&mut self, host: usize) {
        let paid = self.tills.sales.iter().enumerate().filter(|(_, sale)| {
            sale.stall.host == host && matches!(sale.word, Some(Word::Paid(_)))
        });
        let paid: Vec<usize> = paid.map(|(place, _)| place).collect();
        if paid.is_empty() {
            return;
        }
        let sale = paid[self.chance.index(paid.len())];
        let most = u32::try_from(self.tills.sales[sale].covered.get()).unwrap_or(u32::MAX);
        let part = self.chance.permille(700);
        let amount = part.then(|| self.amount(1, most));
        self.gives_back(sale, amount);
    }

    /// Lets a till give back a part of a sale, or all that is left; returns the refund's number.
    pub fn gives_back(&mut self, sale: usize, amount: Option<Cents>) -> usize {
        let id = self.new_id();
        self.tills.refunds.push(Refund { sale, id, amount, word: None });
        let refund = self.tills.refunds.len() - 1;
        self.later(0, Event::GivesBack(refund));
        refund
    }

    /// A till asks for a refund, and asks again as long as it has no answer.
    pub(crate) fn till_gives_back(&mut self, refund: usize) -> Result<(), Broken> {
        let Refund { sale, id, amount, word } = self.tills.refunds[refund].clone();
        if word.is_none() {
            let again = self.asks_again_after();
            self.later(again, Event::GivesBack(refund));
        }
        let Sale { stall, intent, .. } = &self.tills.sales[sale];
        let (host, payment) = (stall.host, intent.payment);
        self.ask(host, Asker::Refund(refund), Command::Refund { id, payment, amount })
    }

    /// A till hears what became of a refund.
    pub(crate) fn till_is_told_of_refund(
        &mut self,
        refund: usize,
        outcome: &Outcome,
    ) -> Result<(), Broken> {
        let word = match outcome {
            Ok(Answer::Refunded(receipt)) => Ok(receipt.clone()),
            Err(Refused::Refund(refused)) => Err(refused.clone()),
            other => return broken("I7", format!("refund {refund} was answered by {other:?}")),
        };
        if self.tills.refunds[refund].word.is_none() {
            let host =
                self.called.house(self.tills.sales[self.tills.refunds[refund].sale].stall.host);
            let at = self.now;
            self.trace.tells(at, || format!("The till of {host} shows: {}", shown(outcome)));
        }
        let before = &mut self.tills.refunds[refund].word;
        if let Some(Ok(receipt)) = before {
            // As with sales, a host that came back from a backup first hears the others.
            if matches!(word, Err(RefundRefused::NotHeard(_) | RefundRefused::NotAccepted)) {
                return Ok(());
            }
            let same = word.as_ref().is_ok_and(|now| now == receipt);
            holds(same, "I7", || format!("refund {refund} was {receipt:?} and is now {word:?}"))?;
        }
        *before = Some(word);
        Ok(())
    }
}
