//! What may happen to a caisse: any command, about anyone, at any time. Most of it is refused sometimes.

use crdt::card::CardText;
use crdt::{
    BasisPoints, BatchId, CardId, Cents, DisputeId, GrantId, LineId, MemberId, PaymentId, VendorId,
};
use ledger::answer::{DisputesAnswer, TreasuryAnswer};
use ledger::command::{
    AccountingCommand, AssignTo, Burden, Correction, Decision, Direction, DisputesCommand,
    PayIntent, PaymentCode, PeopleCommand, Purchase, Purse, Rejection, StatementLine,
    TreasuryCommand,
};
use ledger::guarantee::Force;
use ledger::member::ErasureReason;
use ledger::rules::{Allocation, Caps, Household, Issue, Lots, Percent, Rules};
use ledger::treasury::details::Holder;
use ledger::treasury::line::Side;
use ledger::{Answer, Command, Outcome, Query};
use proptest::prelude::*;

use super::super::treasury::{OWN, details, line, set, statement};
use super::super::village::{Village, code, rules};

/// One thing that happens; a number means one of those that are there.
#[derive(Clone, Debug)]
pub enum Step {
    Enrol { adults: u16, children: u16 },
    Card { member: usize },
    Block { card: usize },
    Vendor { percent: u16 },
    Contribute { member: usize, euros: u32, months: i16, cash: bool },
    Allocate { months: i16, force: bool },
    Pay { card: usize, vendor: usize, cents: u32, how: How },
    Refund { payment: usize, cents: Option<u32> },
    Expire,
    Plan { model: usize },
    Grant { euros: u32 },
    GrantCame { grant: usize, euros: u32 },
    Pot { euros: u32 },
    Reverse { back: u64 },
    Contest { payment: usize, member: usize, cents: Option<u32> },
    Answer { dispute: usize, cents: Option<u32>, burden: Burden },
    Reject { dispute: usize },
    Withdraw { dispute: usize },
    Correct { member: usize, cents: u32, credit: bool },
    Agree { member: usize, euros: u32, months: i16 },
    Remind { months: i16 },
    Leave { member: usize, days: Option<i32> },
    Return { member: usize, credit: bool },
    Erase { member: usize },
    CloseDay,
    Payout,
    Batch { batch: usize, what: u8 },
    Line { cents: u32, out: bool },
    Assign { line: u8, back: u64, what: u8 },
    Unassign { line: u8 },
    Clock { hours: i64 },
    Restart,
}

/// How a purchase is made.
#[derive(Clone, Copy, Debug)]
pub struct How {
    partial: bool,
    wrong_code: bool,
    tier: Option<u16>,
}

impl Step {
    /// Returns whether its refusal is a fact that is kept: a wrong code is counted.
    pub const fn counts_refusals(&self) -> bool {
        matches!(self, Self::Pay { .. })
    }
}

fn how() -> impl Strategy<Value = How> {
    let tier = prop_oneof![6 => Just(None), 1 => prop::sample::select(vec![65, 100, 125, 80]).prop_map(Some)];
    (any::<bool>(), prop::bool::weighted(0.1), tier).prop_map(|(partial, wrong_code, tier)| How {
        partial,
        wrong_code,
        tier,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let one = 0..6usize;
    let pay = (one.clone(), one.clone(), 0..15_000u32, how())
        .prop_map(|(card, vendor, cents, how)| Step::Pay { card, vendor, cents, how });
    let refund = (0..20usize, prop::option::of(0..9_000u32))
        .prop_map(|(payment, cents)| Step::Refund { payment, cents });
    let contribute = (one.clone(), 0..300u32, -1..2i16, any::<bool>())
        .prop_map(|(member, euros, months, cash)| Step::Contribute { member, euros, months, cash });
    prop_oneof![
        2 => (0..4u16, 0..4u16).prop_map(|(adults, children)| Step::Enrol { adults, children }),
        4 => one.clone().prop_map(|member| Step::Card { member }),
        1 => one.clone().prop_map(|card| Step::Block { card }),
        1 => (0..101u16).prop_map(|percent| Step::Vendor { percent }),
        4 => contribute,
        4 => (-1..2i16, any::<bool>()).prop_map(|(months, force)| Step::Allocate { months, force }),
        16 => pay,
        8 => refund,
        2 => Just(Step::Expire),
        2 => (0..MODELS).prop_map(|model| Step::Plan { model }),
        1 => (0..2_000u32).prop_map(|euros| Step::Grant { euros }),
        1 => (one, 0..2_000u32).prop_map(|(grant, euros)| Step::GrantCame { grant, euros }),
        1 => (0..200u32).prop_map(|euros| Step::Pot { euros }),
        2 => (0..9u64).prop_map(|back| Step::Reverse { back }),
        4 => (-48..24 * 45i64).prop_map(|hours| Step::Clock { hours }),
        1 => Just(Step::Restart),
    ]
}

fn dispute_step() -> impl Strategy<Value = Step> {
    let (one, amount) = (0..6usize, || prop::option::of(0..6_000u32));
    let burden = prop::sample::select(vec![Burden::Vendor, Burden::VendorOwes, Burden::Caisse]);
    let contest = (0..20usize, one.clone(), amount())
        .prop_map(|(payment, member, cents)| Step::Contest { payment, member, cents });
    let answer = (one.clone(), amount(), burden)
        .prop_map(|(dispute, cents, burden)| Step::Answer { dispute, cents, burden });
    let correct = (one.clone(), 0..20_000u32, any::<bool>())
        .prop_map(|(member, cents, credit)| Step::Correct { member, cents, credit });
    let agree = (one.clone(), 0..300u32, -1..2i16)
        .prop_map(|(member, euros, months)| Step::Agree { member, euros, months });
    prop_oneof![
        6 => contest,
        4 => answer,
        1 => one.clone().prop_map(|dispute| Step::Reject { dispute }),
        1 => one.prop_map(|dispute| Step::Withdraw { dispute }),
        2 => correct,
        1 => agree,
        1 => (-1..2i16).prop_map(|months| Step::Remind { months }),
    ]
}

/// Members leave, days are closed, vendors are paid, the bank's lines come.
fn office_step() -> impl Strategy<Value = Step> {
    let one = 0..6usize;
    let days = prop::option::of(0..30i32);
    prop_oneof![
        2 => (one.clone(), days).prop_map(|(member, days)| Step::Leave { member, days }),
        3 => (one.clone(), any::<bool>())
            .prop_map(|(member, credit)| Step::Return { member, credit }),
        1 => one.clone().prop_map(|member| Step::Erase { member }),
        1 => Just(Step::CloseDay),
        3 => Just(Step::Payout),
        3 => (one, 0..3u8).prop_map(|(batch, what)| Step::Batch { batch, what }),
        2 => (prop::sample::select(vec![2_000, 5_000, 10_000]), any::<bool>())
            .prop_map(|(cents, out)| Step::Line { cents, out }),
        3 => (0..4u8, 0..30u64, 0..6u8)
            .prop_map(|(line, back, what)| Step::Assign { line, back, what }),
        1 => (0..4u8).prop_map(|line| Step::Unassign { line }),
    ]
}

/// A sequence of steps.
pub fn sequence() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prop_oneof![8 => step(), 2 => dispute_step(), 2 => office_step()], 1..80)
}

/// How many rule sets [`model`] knows.
const MODELS: usize = 7;

fn euros(euros: u32) -> Cents {
    Cents::from_u32(euros * 100)
}

fn model(number: usize) -> Rules {
    let tier = |percent| Percent::new(percent).expect("a tier");
    let allocation = match number {
        0 => Allocation::PerPerson { amount: euros(100), child: Some(euros(33)) },
        1 => {
            let (first, further, child) = (euros(150), euros(75), Some(euros(40)));
            Allocation::HouseholdScale { first, further, child, most_persons: Some(4) }
        }
        2 => Allocation::MeanOfContributions { subsidy: euros(7), step: Cents::from_u32(1) },
        3 => Allocation::ProductRefund { most_per_person: Some(euros(80)) },
        4 => Allocation::PriceTiers { tiers: vec![tier(65), tier(100), tier(125)] },
        5 => {
            let (spent, gives) = (euros(10), euros(5));
            Allocation::Bonus { spent, gives, most_per_month: Some(euros(20)) }
        }
        _ => return strict(),
    };
    let issue = Issue { from_day: 1, after_contribution: number == 1 };
    Rules { allocation, issue, ..rules() }
}

/// Rules under which credit expires in every way, and is capped in every way.
fn strict() -> Rules {
    let caps = Caps {
        per_visit: Some(euros(90)),
        per_week: Some(euros(120)),
        per_month: Some(euros(200)),
    };
    let lots = Lots {
        expire_after_days: Some(70),
        expire_inactive_days: Some(60),
        notice_days: 20,
        roll_over: Some(euros(60)),
        dormant_after_days: 30,
    };
    Rules { caps, lots, ..rules() }
}

/// The caisse, and whom and what there is to speak of.
pub struct Town {
    pub village: Village,
    pub members: Vec<MemberId>,
    cards: Vec<(CardId, CardText)>,
    vendors: Vec<VendorId>,
    grants: Vec<GrantId>,
    disputes: Vec<DisputeId>,
    batches: Vec<BatchId>,
    lines: u8,
    pub payments: Vec<PaymentId>,
    drawn: u128,
}

/// Returns one of a few things.
pub fn one_of<T: Clone>(things: &[T], number: usize) -> Option<T> {
    things.get(number.checked_rem(things.len())?).cloned()
}

impl Town {
    /// Opens a caisse with one member, who has a card and credit, and a vendor.
    pub fn open() -> Self {
        let mut village = Village::alone(&model(0));
        let (shopper, vendor) = (village.shopper(0, 2), village.vendor(0, 7_000));
        set(&mut village, Holder::Own, details("Caisse", OWN));
        set(&mut village, Holder::Vendor(vendor), details("Stall", OWN));
        set(&mut village, Holder::Member(shopper.member), details("Camille", OWN));
        Self {
            village,
            members: vec![shopper.member],
            cards: vec![(shopper.card.card(), shopper.card)],
            vendors: vec![vendor],
            grants: Vec::new(),
            disputes: Vec::new(),
            batches: Vec::new(),
            lines: 0,
            payments: Vec::new(),
            drawn: 0,
        }
    }

    fn draw(&mut self) -> PaymentId {
        self.drawn += 1;
        PaymentId::new(self.drawn.to_be_bytes())
    }

    /// Carries out a step; `None` if there is nobody to whom it could happen, or nothing is asked.
    pub fn carry_out(&mut self, step: &Step) -> Option<Outcome> {
        let command = match step {
            Step::Clock { hours } => {
                let moved = self.village.now.as_ms() + hours * 3_600_000;
                self.village.now = crdt::Timestamp::from_ms(moved);
                return None;
            }
            Step::Restart => {
                self.village.restart(0, None);
                return None;
            }
            other => self.command(other)?,
        };
        let outcome = self.village.ask(0, command)?;
        if let Ok(answer) = &outcome {
            self.note(answer);
        }
        Some(outcome)
    }

    fn command(&mut self, step: &Step) -> Option<Command> {
        let month = self.village.now.month();
        Some(match *step {
            Step::Enrol { adults, children } => {
                let household = Household { adults, teens: 0, children };
                Command::AddMember { name: "Camille Test".to_owned(), household }
            }
            Step::Card { member } => {
                Command::IssueCard { member: one_of(&self.members, member)?, code: code("1234") }
            }
            Step::Block { card } => Command::BlockCard { card: one_of(&self.cards, card)?.0 },
            Step::Vendor { percent } => {
                let vendor = one_of(&self.vendors, usize::from(percent))?;
                let coverage = BasisPoints::new(percent * 100).ok()?;
                Command::ApproveVendor { vendor, coverage, reason: "decided".to_owned() }
            }
            Step::Contribute { member, euros: amount, months, cash } => {
                let into = if cash { Purse::Cash } else { Purse::Bank };
                let (member, amount) = (one_of(&self.members, member)?, euros(amount));
                Command::AddContribution { member, month: month.plus(months), amount, into }
            }
            Step::Allocate { months, force } => {
                let force = force.then(|| Force::because("test"));
                Command::Allocate { month: month.plus(months), force }
            }
            Step::Pay { card, vendor, cents, how } => self.pay(card, vendor, cents, how)?,
            Step::Refund { payment, cents } => {
                let payment = one_of(&self.payments, payment)?;
                let amount = cents.map(Cents::from_u32);
                Command::Refund { id: self.draw(), payment, amount }
            }
            Step::Expire => Command::Expire,
            Step::Plan { model } => self.plan(model)?,
            Step::Grant { euros: amount } => {
                let (funder, reference) = ("Ville".to_owned(), "2026-1".to_owned());
                Command::ConfirmGrant { funder, amount: euros(amount), reference }
            }
            Step::GrantCame { grant, euros: amount } => {
                let (grant, into) = (one_of(&self.grants, grant)?, Purse::Bank);
                Command::ReceiveGrant { grant, amount: euros(amount), into }
            }
            Step::Reverse { back } => {
                let entries = self.village.houses[0].caisse.books().entries();
                let (entry, reason) = (entries.saturating_sub(back), "test".to_owned());
                Command::Accounting(AccountingCommand::Reverse { entry, reason })
            }
            Step::Pot { euros: amount } => Command::FundPot { amount: euros(amount) },
            Step::CloseDay => Command::Accounting(AccountingCommand::CloseDay { day: None }),
            ref other => self
                .of_office(other)
                .or_else(|| self.about_disputes(other).map(Command::Disputes))?,
        })
    }

    fn of_office(&mut self, step: &Step) -> Option<Command> {
        let reason = "test".to_owned();
        Some(match *step {
            Step::Leave { member, days } => {
                let until = days.map(|days| self.village.now.date().plus_days(days));
                let member = one_of(&self.members, member)?;
                Command::People(PeopleCommand::Leave { member, until, reason })
            }
            Step::Return { member, credit: with_credit } => {
                let member = one_of(&self.members, member)?;
                Command::People(PeopleCommand::Return { member, with_credit })
            }
            Step::Erase { member } => {
                let (member, reason) = (one_of(&self.members, member)?, ErasureReason::Request);
                Command::People(PeopleCommand::Erase { member, reason })
            }
            Step::Payout => {
                Command::Treasury(TreasuryCommand::OrderPayouts { vendors: Vec::new(), on: None })
            }
            Step::Batch { batch, what } => {
                let batch = one_of(&self.batches, batch)?;
                Command::Treasury(match what {
                    0 => TreasuryCommand::CancelBatch { batch, reason },
                    1 => TreasuryCommand::ConfirmBatch { batch },
                    _ => {
                        let name = format!("P{}", &batch.to_string()[..20]);
                        let items = vec![Rejection { name, reason: None }];
                        TreasuryCommand::RejectItems { items }
                    }
                })
            }
            Step::Line { cents, out } => {
                self.lines = (self.lines + 1) % 4;
                let side = if out { Side::Out } else { Side::In };
                let date = self.village.now.date();
                let said = StatementLine { date, ..line(self.lines, side, cents, "") };
                Command::Treasury(TreasuryCommand::Import(Box::new(statement(vec![said]))))
            }
            Step::Assign { line, back, what } => {
                let entries = self.village.houses[0].caisse.books().entries();
                let number = usize::try_from(back).ok()?;
                let to = match what {
                    0 => AssignTo::Already(entries.saturating_sub(back)),
                    1 => AssignTo::Cash,
                    2 => AssignTo::Grant(one_of(&self.grants, number)?),
                    3 => AssignTo::Contribution {
                        member: one_of(&self.members, number)?,
                        month: self.village.now.month(),
                    },
                    4 => AssignTo::Vendor(one_of(&self.vendors, number)?),
                    _ => AssignTo::Batch(one_of(&self.batches, number)?),
                };
                let line = LineId::new([line; 32]);
                Command::Treasury(TreasuryCommand::Assign { line, to, reason: Some(reason) })
            }
            Step::Unassign { line } => {
                let line = LineId::new([line; 32]);
                Command::Treasury(TreasuryCommand::Unassign { line, reason })
            }
            _ => return None,
        })
    }

    fn about_disputes(&self, step: &Step) -> Option<DisputesCommand> {
        let (month, reason) = (self.village.now.month(), || "test".to_owned());
        Some(match *step {
            Step::Contest { payment, member, cents } => {
                let (payment, amount) =
                    (one_of(&self.payments, payment)?, cents.map(Cents::from_u32));
                // Most often by who paid.
                let paid = match self.village.query(0, &Query::Payment(payment)) {
                    Ok(Answer::Payment(info)) => info.member,
                    _ => None,
                };
                let member = paid.filter(|_| member > 0).or(one_of(&self.members, member))?;
                DisputesCommand::Open { payment, member, amount, reason: reason() }
            }
            Step::Answer { dispute, cents, burden } => {
                let dispute = one_of(&self.disputes, dispute)?;
                let (amount, reason) = (cents.map(Cents::from_u32), Some(reason()));
                DisputesCommand::Answer {
                    dispute,
                    decision: Decision::Accept { amount, burden, reason },
                }
            }
            Step::Reject { dispute } => {
                let decision = Decision::Reject { reason: reason() };
                DisputesCommand::Answer { dispute: one_of(&self.disputes, dispute)?, decision }
            }
            Step::Withdraw { dispute } => {
                DisputesCommand::Withdraw { dispute: one_of(&self.disputes, dispute)? }
            }
            Step::Correct { member, cents, credit } => {
                let direction = if credit { Direction::Credit } else { Direction::Debit };
                let (member, amount) = (one_of(&self.members, member)?, Cents::from_u32(cents));
                DisputesCommand::Correct(Correction { member, direction, amount, reason: reason() })
            }
            Step::Agree { member, euros: amount, months } => {
                let (member, from) = (one_of(&self.members, member)?, Some(month.plus(months)));
                DisputesCommand::Agree { member, amount: euros(amount), from }
            }
            Step::Remind { months } => DisputesCommand::Remind { month: month.plus(months) },
            _ => return None,
        })
    }

    fn pay(&mut self, card: usize, vendor: usize, cents: u32, how: How) -> Option<Command> {
        let (payment, (_, card)) = (self.draw(), one_of(&self.cards, card)?);
        let vendor = one_of(&self.vendors, vendor)?;
        let tier = how.tier.and_then(|percent| Percent::new(percent).ok());
        let amount = Cents::from_u32(cents);
        let purchase = Purchase { partial: how.partial, tier, ..amount.into() };
        let code = PaymentCode::Plain(code(if how.wrong_code { "0000" } else { "1234" }));
        self.payments.push(payment);
        Some(Command::Pay(PayIntent { payment, card, vendor, purchase, code, scanned: false }))
    }

    /// Plans another model for the next day on which that is possible.
    fn plan(&self, number: usize) -> Option<Command> {
        let Ok(Answer::Rules(known)) = self.village.query(0, &Query::Rules) else { return None };
        let last = known.sets.last()?;
        let tomorrow = self.village.now.date().plus_days(2);
        let (version, from) = (last.version + 1, tomorrow.max(last.from.plus_days(1)));
        let rules = Box::new(Rules { version, from, ..model(number) });
        Some(Command::PlanRules { rules, force: Some(Force::because("test")) })
    }

    fn note(&mut self, answer: &Answer) {
        match answer {
            Answer::MemberAdded(member) => self.members.push(*member),
            Answer::CardIssued(card) => {
                self.cards.push((card.card, card.qr.parse().expect("a card")));
            }
            Answer::Disputes(DisputesAnswer::Dispute(info))
                if !self.disputes.contains(&info.id) =>
            {
                self.disputes.push(info.id);
            }
            Answer::Treasury(TreasuryAnswer::Ordered(report)) => self.batches.extend(report.batch),
            Answer::GrantConfirmed(grant) => self.grants.push(*grant),
            _ => {}
        }
    }
}
