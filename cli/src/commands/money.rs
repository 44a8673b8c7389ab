//! Allocations, payments and refunds.

use std::collections::BTreeMap;

use crdt::agreement::Eligibility;
use crdt::{Cents, MemberId, PaymentId, SignedCents};
use ledger::answer::{
    AllocationReport, PaymentInfo, PaymentStatus, Receipt, RefundReceipt, RolledOver,
};
use ledger::command::{PayIntent, Purchase};
use ledger::guarantee::Force;
use ledger::refused::RefundRefused;
use ledger::sale::Mode;
use ledger::{Answer, Command, Query, Refused};

use super::names::alphabetical;
use super::{Context, card};
use crate::args::money::{Allocate, Pay, Payment, Refund};
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table, talk, yes_no};
use crate::resolve::{self, unexpected};
use crate::till::code_for;

/// Issues or previews the allocations of a month.
pub(super) async fn allocate(context: &Context, asked: Allocate) -> Result<Done, Failure> {
    let Allocate { month, preview, force } = asked;
    let answer = if preview {
        context.query(&Query::AllocationPreview(month)).await?
    } else {
        let force = force.map(|reason| Force { reason });
        context.command(&Command::Allocate { month, force }).await?
    };
    let Answer::Allocated(report) = &answer else {
        return Err(unexpected());
    };
    let names = if context.json() { BTreeMap::new() } else { names(context).await };
    Done::new(&answer, allocation_text(report, &names))
}

/// Returns the members' names, as far as they are to be had: the run is done, whatever comes now.
pub(super) async fn names(context: &Context) -> BTreeMap<MemberId, String> {
    match context.query(&Query::Members).await {
        Ok(Answer::Members(members)) => {
            members.into_iter().filter_map(|member| Some((member.id, member.name?))).collect()
        }
        Ok(_) | Err(_) => BTreeMap::new(),
    }
}

fn allocation_text(report: &AllocationReport, names: &BTreeMap<MemberId, String>) -> String {
    let mut rows = table(&["member", "name", ">amount", "why not"]);
    let name = |member| or_dash(names.get(member));
    let place = |member: &MemberId| names.get(member).map(|name| alphabetical(name));
    let (mut in_order, mut left_out) = (report.issued.clone(), report.skipped.clone());
    in_order.sort_by_key(|(member, _)| place(member));
    left_out.sort_by_key(|(member, _)| place(member));
    for (member, amount) in &in_order {
        rows.add_row([short(member), name(member), amount.to_string(), String::new()]);
    }
    for (member, why) in &left_out {
        rows.add_row([short(member), name(member), "-".to_owned(), why.to_string()]);
    }
    let AllocationReport { month, preview, issued, skipped, total, guarantee, .. } = report;
    let verb = if *preview { "would be issued" } else { "issued" };
    let mut text = format!(
        "{rows}\n{month}: {total} {verb} to {} member(s), nothing to {}, by rules {}\n",
        issued.len(),
        skipped.len(),
        report.rules,
    );
    for (member, slice) in &report.recovered {
        text.push_str(&format!("{}: {slice} of it gives back an advance\n", short(member)));
    }
    for RolledOver { member, expired } in &report.rolled_over {
        text.push_str(&format!("{}: {expired} above the roll-over expires\n", short(member)));
    }
    let before = guarantee.margin();
    if let Some(after) = before.checked_sub(total.signed()).filter(|_| *preview) {
        let words = if after < SignedCents::ZERO { "NOT covered" } else { "covered" };
        text.push_str(&format!("credit is {words} afterwards: {before} now, {after} then\n"));
    }
    text
}

/// Takes a payment: asks where the card is from, then for the code, then for the sale.
pub(super) async fn pay(context: &Context, sale: Pay) -> Result<Done, Failure> {
    let payment = context.payment_id(sale.id)?;
    let vendor = resolve::vendor(context, &sale.vendor).await?;
    let Answer::CardHome(home) = context.query(&Query::CardHome(sale.card.clone())).await? else {
        return Err(unexpected());
    };
    let code = card::code(&sale.code, "the card's code: ")?;
    let Pay { card, amount, lines, partial, tier, .. } = sale;
    let purchase = Purchase { amount, lines, partial, tier };
    let code = code_for(&home, &code, payment, vendor, &purchase)?;
    let intent = PayIntent { payment, card, vendor, purchase, code, scanned: false };
    let answer = context.command(&Command::Pay(intent)).await.inspect_err(|failure| {
        if let Failure::Refused(_) = failure {
            talk(&format!("payment {payment}"));
        }
    })?;
    let Answer::Paid(receipt) = &answer else {
        return Err(unexpected());
    };
    Done::new(&answer, receipt_text(receipt))
}

pub(super) fn receipt_text(receipt: &Receipt) -> String {
    let mut text = String::from("PAID\n");
    text.push_str(&facts(&[
        ("payment", receipt.payment.to_string()),
        ("price", receipt.amount.to_string()),
        ("covered by the caisse", receipt.covered.to_string()),
        ("to pay by the member", receipt.member_share.to_string()),
        ("at (UTC)", receipt.at.to_string()),
    ]));
    if !receipt.bonus.is_zero() {
        text.push_str(&format!("bonus for the member: {}\n", receipt.bonus));
    }
    if let Some(left) = receipt.left {
        text.push_str(&format!("the member holds now: {left} (for the member's receipt only)\n"));
    }
    match receipt.mode {
        Mode::Credit | Mode::TierBelow(_) => {}
        Mode::Reimbursed => text.push_str(&format!(
            "the member pays the whole price now, and gets {} back\n",
            receipt.covered
        )),
        Mode::TierAbove(tier) => text.push_str(&format!(
            "at {tier} of the price; the vendor owes {} to the pot\n",
            receipt.covered
        )),
    }
    if let Some(whose) = receipt.eligibility.filter(|whose| *whose != Eligibility::Host) {
        let whose = super::federation::rules_of(whose);
        text.push_str(&format!("eligible by the rules of: {whose}\n"));
    }
    if receipt.at_hosts_risk {
        text.push_str("the card's caisse did not answer: sold at this caisse's own risk\n");
    } else if receipt.offline {
        text.push_str(
            "WITHOUT the card's caisse, which cannot be reached: sold by a lot that it gave\n",
        );
    }
    text
}

/// Gives back a payment or a part of it, or says what would be given back.
pub(super) async fn refund(context: &Context, asked: Refund) -> Result<Done, Failure> {
    let Refund { payment, amount, id, dry_run } = asked;
    let payment = resolve::payment(context, &payment).await?;
    let id = context.payment_id(id)?;
    if dry_run {
        let Answer::Payment(info) = context.query(&Query::Payment(payment)).await? else {
            return Err(unexpected());
        };
        let receipt = foreseen(id, amount, &info)?;
        let text = format!("would give back {}; nothing has changed\n", receipt.amount);
        return Done::new(&serde_json::json!({ "would_refund": receipt }), text);
    }
    let answer = context.command(&Command::Refund { id, payment, amount }).await?;
    let Answer::Refunded(receipt) = &answer else {
        return Err(unexpected());
    };
    let text = facts(&[
        ("refund", receipt.refund.to_string()),
        ("payment", receipt.payment.to_string()),
        ("given back", receipt.amount.to_string()),
        ("can still be given back", receipt.left.to_string()),
    ]);
    Done::new(&answer, text)
}

/// Says what a refund would answer, from what the caisse shows of the payment; the caisse decides again
/// when it is asked.
fn foreseen(
    refund: PaymentId,
    amount: Option<Cents>,
    info: &PaymentInfo,
) -> Result<RefundReceipt, Refused> {
    match info.status {
        PaymentStatus::Paid
        | PaymentStatus::Captured
        | PaymentStatus::AtRiskAccepted
        | PaymentStatus::ByLotAccepted => {}
        PaymentStatus::Held
        | PaymentStatus::Obliged
        | PaymentStatus::Denied
        | PaymentStatus::Tombstone => return Err(RefundRefused::UnknownPayment.into()),
        PaymentStatus::AtRisk | PaymentStatus::ByLot => {
            return Err(RefundRefused::NotAccepted.into());
        }
        PaymentStatus::Asked
        | PaymentStatus::Voided
        | PaymentStatus::Refused
        | PaymentStatus::AtRiskLost
        | PaymentStatus::ByLotLost => return Err(RefundRefused::NotPaid.into()),
    }
    let left = info.covered.saturating_sub(info.refunded);
    let amount = amount.unwrap_or(left);
    if amount.is_zero() {
        return Err(RefundRefused::AmountZero.into());
    }
    let after = left.checked_sub(amount).ok_or(RefundRefused::MoreThanLeft { left })?;
    Ok(RefundReceipt { refund, payment: info.payment, amount, left: after })
}

/// Lists or shows payments.
pub(super) async fn payment(context: &Context, command: Payment) -> Result<Done, Failure> {
    match command {
        Payment::List { limit } => {
            let answer = context.query(&Query::Payments { limit }).await?;
            let Answer::Payments(payments) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, list(payments))
        }
        Payment::Show { payment } => {
            let id = resolve::payment(context, &payment).await?;
            let answer = context.query(&Query::Payment(id)).await?;
            let Answer::Payment(info) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, show(info))
        }
    }
}

fn list(payments: &[PaymentInfo]) -> String {
    let columns = ["at (UTC)", "payment", "across", ">price", ">covered", ">refunded", "status"];
    let mut rows = table(&columns);
    for info in payments {
        rows.add_row([
            info.at.to_string(),
            short(&info.payment),
            yes_no(info.host != info.home).to_owned(),
            or_dash(info.amount),
            info.covered.to_string(),
            info.refunded.to_string(),
            standing(info),
        ]);
    }
    format!("{rows}\n{} payment(s)\n", payments.len())
}

fn standing(info: &PaymentInfo) -> String {
    let status = status_words(info.status);
    info.reason.as_ref().map_or(status.to_owned(), |reason| format!("{status}: {reason}"))
}

/// Says in a few words where a payment stands.
pub(crate) const fn status_words(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Paid => "paid",
        PaymentStatus::Captured => "paid by the card's caisse",
        PaymentStatus::Asked => "waiting for the card's caisse",
        PaymentStatus::Voided => "void",
        PaymentStatus::Refused => "refused",
        PaymentStatus::AtRisk => "paid at our risk",
        PaymentStatus::AtRiskAccepted => "paid at our risk, accepted",
        PaymentStatus::AtRiskLost => "paid at our risk, not accepted: our loss",
        PaymentStatus::ByLot => "paid by a lot, to be claimed",
        PaymentStatus::ByLotAccepted => "paid by a lot, accepted",
        PaymentStatus::ByLotLost => "paid by a lot, not accepted: our loss",
        PaymentStatus::Held => "held for the other caisse",
        PaymentStatus::Obliged => "owed to the other caisse",
        PaymentStatus::Denied => "denied to the other caisse",
        PaymentStatus::Tombstone => "void before it was asked for",
    }
}

fn show(info: &PaymentInfo) -> String {
    facts(&[
        ("payment", info.payment.to_string()),
        ("at (UTC)", info.at.to_string()),
        ("caisse of the vendor", info.host.to_string()),
        ("caisse of the card", info.home.to_string()),
        ("vendor", or_dash(info.vendor)),
        ("member", or_dash(info.member)),
        ("price", or_dash(info.amount)),
        ("covered", info.covered.to_string()),
        ("given back", info.refunded.to_string()),
        ("status", standing(info)),
    ])
}
