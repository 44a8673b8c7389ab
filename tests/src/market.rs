//! A market: members with cards and credit, stalls with tills, and federations of two.

use crdt::agreement::{Eligibility, Terms};
use crdt::card::CardText;
use crdt::lot::LotTerms;
use crdt::register::Charter;
use crdt::{BasisPoints, CaisseId, Cents, MemberId, Month, VendorId};
use ledger::command::{Code, OfflineCommand, PaymentCode, Purse};
use ledger::guarantee::Force;
use ledger::rules::Household;
use ledger::{Answer, Command, Query};
use node::http::till_digest;

use crate::Trouble;
use crate::operator::Operator;

/// Everybody's code.
pub const CODE: &str = "4071";

/// The rate at which every stall is covered, in basis points.
pub const COVERAGE: u16 = 7_000;

/// A member with a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shopper {
    /// The member.
    pub member: MemberId,
    /// The card as a till scans it: with the signature of its caisse.
    pub card: CardText,
    /// The card as a vendor types it.
    pub number: CardText,
}

/// A vendor with a till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The vendor.
    pub vendor: VendorId,
    /// The secret of its till.
    pub secret: String,
}

/// Returns everybody's code as it is typed at home.
///
/// # Panics
/// Never: it is four digits.
#[must_use]
pub fn code() -> Code {
    CODE.parse().expect("four digits")
}

/// Returns everybody's code on its way to the till's own caisse.
#[must_use]
pub fn plain_code() -> PaymentCode {
    PaymentCode::Plain(code())
}

/// Returns the month for which credit is given.
///
/// # Panics
/// Never: it is one.
#[must_use]
pub fn month() -> Month {
    Month::new(2026, 11).expect("a month")
}

/// Returns the rate at which every stall is covered.
///
/// # Panics
/// Never: it is one.
#[must_use]
pub fn coverage() -> BasisPoints {
    BasisPoints::new(COVERAGE).expect("a rate")
}

/// Returns the command that enrols someone of a household of one.
#[must_use]
pub fn add_member(number: usize) -> Command {
    let household = Household { adults: 1, teens: 0, children: 0 };
    Command::AddMember { name: format!("Member {number}"), household }
}

/// Returns the command that records a stall, with the secret of its till.
#[must_use]
pub fn add_vendor(number: usize) -> (Command, String) {
    let secret = format!("the till of the stall number {number}");
    let till = Some(till_digest(&secret));
    let (name, commune) = (format!("Stall {number}"), "34172".to_owned());
    (Command::AddVendor { name, commune, kind: "market stall".to_owned(), till }, secret)
}

/// Returns the command that approves a stall.
#[must_use]
pub fn approve(vendor: VendorId) -> Command {
    let reason = "near and in season".to_owned();
    Command::ApproveVendor { vendor, coverage: coverage(), reason }
}

impl Operator {
    /// Enrols members with a card each, and gives all of them this month's credit.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn enrol(&self, count: usize) -> Result<Vec<Shopper>, Trouble> {
        let mut shoppers = Vec::new();
        for number in 0..count {
            let Answer::MemberAdded(member) = self.done(&add_member(number)).await? else {
                return Err(Trouble::answer("a new member", "another answer"));
            };
            let issue = Command::IssueCard { member, code: code() };
            let Answer::CardIssued(card) = self.done(&issue).await? else {
                return Err(Trouble::answer("a new card", "another answer"));
            };
            let read = |text: &str| text.parse().map_err(|why| Trouble::answer("a card", why));
            let (qr, number) = (read(&card.qr)?, read(&card.number)?);
            shoppers.push(Shopper { member, card: qr, number });
        }
        self.done(&Command::Allocate { month: month(), force: Some(Force::because("test")) })
            .await?;
        Ok(shoppers)
    }

    /// Records and approves stalls with a till each.
    ///
    /// # Errors
    /// As [`Operator::done`].
    pub async fn set_up(&self, count: usize) -> Result<Vec<Stall>, Trouble> {
        let mut stalls = Vec::new();
        for number in 0..count {
            let (add, secret) = add_vendor(number);
            let Answer::VendorAdded(vendor) = self.done(&add).await? else {
                return Err(Trouble::answer("a new vendor", "another answer"));
            };
            self.done(&approve(vendor)).await?;
            stalls.push(Stall { vendor, secret });
        }
        Ok(stalls)
    }
}

/// Terms under which nothing but the members' credit limits a sale.
#[must_use]
pub fn generous_terms() -> Terms {
    let most = Cents::from_u32(1_000_000_000);
    Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::WHOLE,
        per_payment: most,
        per_month: most,
        ceiling: most,
        floor: Cents::ZERO,
        rhythm_days: 30,
    }
}

/// Founds a federation of two, and waits until an agreement is in force on both sides.
///
/// # Errors
/// As [`Operator::done`], or [`Trouble::Late`].
pub async fn befriend(one: &Operator, other: &Operator, terms: &Terms) -> Result<(), Trouble> {
    found(&[one, other]).await?;
    agree(one, other, terms).await
}

/// Founds a federation, and waits until all have heard from all.
///
/// # Errors
/// As [`befriend`].
pub async fn found(operators: &[&Operator]) -> Result<(), Trouble> {
    let mut founders = Vec::new();
    for operator in operators {
        founders.push(operator.contact().await?);
    }
    founders.sort_by_key(|founder| founder.id);
    let charter = Charter { name: "Market".to_owned(), founders, threshold_percent: 66 };
    for operator in operators {
        operator.done(&Command::Found(Box::new(charter.clone()))).await?;
    }
    let others = operators.len().saturating_sub(1) as u64;
    for operator in operators {
        operator.register_until("founded", |info| info.founded).await?;
        together(operator).await?;
        let all = |answer: &Answer| match answer {
            Answer::Status(status) => status.connected == others,
            _ => false,
        };
        operator.until("connected with everybody", &Query::Status, all).await?;
    }
    Ok(())
}

/// Makes an agreement between two members, and waits until it is in force on both sides.
///
/// # Errors
/// As [`befriend`].
pub async fn agree(one: &Operator, other: &Operator, terms: &Terms) -> Result<(), Trouble> {
    let ids = [other.contact().await?.id, one.contact().await?.id];
    for (operator, with) in [one, other].into_iter().zip(ids) {
        operator.done(&Command::Agree { with, terms: terms.clone() }).await?;
    }
    for (operator, with) in [one, other].into_iter().zip(ids) {
        let in_force = |info: &ledger::answer::FederationInfo| {
            info.agreements.iter().any(|agreement| agreement.with == with && agreement.in_force)
        };
        operator.register_until("an agreement in force", in_force).await?;
    }
    Ok(())
}

/// Puts money into a caisse as a reserve for lots, and lets partners sell without it while it cannot be
/// reached.
///
/// # Errors
/// As [`Operator::done`].
pub async fn give_lots(
    operator: &Operator,
    money: Cents,
    terms: LotTerms,
    partners: impl IntoIterator<Item = CaisseId>,
) -> Result<(), Trouble> {
    let (funder, reference) = ("The town".to_owned(), "2026-1".to_owned());
    let confirm = Command::ConfirmGrant { funder, amount: money, reference };
    let Answer::GrantConfirmed(grant) = operator.done(&confirm).await? else {
        return Err(Trouble::answer("a grant", "another answer"));
    };
    operator.done(&Command::ReceiveGrant { grant, amount: money, into: Purse::Bank }).await?;
    operator.done(&Command::Offline(OfflineCommand::SetReserve { amount: money })).await?;
    for with in partners {
        let policy = OfflineCommand::SetPolicy { with, policy: Some(terms) };
        operator.done(&Command::Offline(policy)).await?;
    }
    Ok(())
}

/// Waits until a node is connected with every partner and has heard from each since its start.
///
/// # Errors
/// As [`Operator::until`].
pub async fn together(operator: &Operator) -> Result<(), Trouble> {
    let all = |answer: &Answer| match answer {
        Answer::Status(status) => status.unheard == 0 && status.connected > 0,
        _ => false,
    };
    operator.until("connected and heard", &Query::Status, all).await.map(drop)
}
