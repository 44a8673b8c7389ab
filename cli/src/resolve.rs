//! From what people type to ids: a whole id, the beginning of one, or a name.

use std::fmt::Display;
use std::str::FromStr;

use crdt::register::ProposalId;
use crdt::{CaisseId, GrantId, MemberId, PaymentId, RunId, VendorId};
use ledger::answer::PeopleAnswer;
use ledger::command::PeopleQuery;
use ledger::{Answer, Query};

use crate::commands::Context;
use crate::failure::Failure;

/// Digits of the shortest beginning of an id: fewer would soon be ambiguous.
const FEWEST_DIGITS: usize = 4;

/// Ambiguous matches that are named.
const NAMED: usize = 5;

/// Something that can be meant, with its name if it has one.
pub type Candidate<T> = (T, Option<String>);

/// Finds the one candidate that a text means: its exact name, or the beginning of its id.
///
/// # Errors
/// [`Failure::Misused`] if it means none or several.
pub fn choose<T: Copy + Display>(
    what: &str,
    text: &str,
    candidates: &[Candidate<T>],
) -> Result<T, Failure> {
    let lower = text.trim().to_lowercase();
    let named = |(_, name): &&Candidate<T>| {
        name.as_ref().is_some_and(|name| name.trim().to_lowercase() == lower)
    };
    let mut found: Vec<&Candidate<T>> = candidates.iter().filter(named).collect();
    let digits = lower.len() >= FEWEST_DIGITS && lower.bytes().all(|b| b.is_ascii_hexdigit());
    if found.is_empty() && digits {
        found = candidates.iter().filter(|(id, _)| id.to_string().starts_with(&lower)).collect();
    }
    match found.as_slice() {
        [(id, _)] => Ok(*id),
        [] => Err(Failure::Misused(format!(
            "no {what} is called or begins with {text:?}: give its exact name if it has one, or at \
             least {FEWEST_DIGITS} digits of its id"
        ))),
        several => {
            let ids: Vec<String> =
                several.iter().take(NAMED).map(|(id, _)| id.to_string()).collect();
            let more = if several.len() > NAMED { ", …" } else { "" };
            Err(Failure::Misused(format!(
                "{text:?} can mean {} different {what}s: give more digits of one of {}{more}",
                several.len(),
                ids.join(", ")
            )))
        }
    }
}

/// Returns a whole id as it is, without asking: whether it is known is for the caisse to say.
fn whole<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// Finds a member.
///
/// # Errors
/// [`Failure::Misused`] if none or several are meant, or what the node says.
pub async fn member(context: &Context, text: &str) -> Result<MemberId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Members(members) = context.query(&Query::Members).await? else {
        return Err(unexpected());
    };
    let members: Vec<_> = members.into_iter().map(|member| (member.id, member.name)).collect();
    choose("member", text, &members)
}

/// Finds someone who waits.
///
/// # Errors
/// As [`member`].
pub async fn waiting(context: &Context, text: &str) -> Result<MemberId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let list = people(context.query(&Query::People(PeopleQuery::Waiting)).await?)?;
    let PeopleAnswer::Waiting(list) = list else { return Err(unexpected()) };
    let waiting: Vec<_> = list.into_iter().map(|waiting| (waiting.id, waiting.name)).collect();
    choose("person on the waiting list", text, &waiting)
}

/// Returns an answer about members and the waiting list.
///
/// # Errors
/// [`Failure::Failed`] for any other answer.
pub fn people(answer: Answer) -> Result<PeopleAnswer, Failure> {
    let Answer::People(answer) = answer else { return Err(unexpected()) };
    Ok(*answer)
}

/// Finds a vendor of this caisse.
///
/// # Errors
/// As [`member`].
pub async fn vendor(context: &Context, text: &str) -> Result<VendorId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Vendors(vendors) = context.query(&Query::Vendors).await? else {
        return Err(unexpected());
    };
    let vendors: Vec<_> =
        vendors.into_iter().map(|vendor| (vendor.id, Some(vendor.name))).collect();
    choose("vendor", text, &vendors)
}

/// Finds a grant, by its id or its reference.
///
/// # Errors
/// As [`member`].
pub async fn grant(context: &Context, text: &str) -> Result<GrantId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Grants(grants) = context.query(&Query::Grants).await? else {
        return Err(unexpected());
    };
    let grants: Vec<_> =
        grants.into_iter().map(|info| (info.id, Some(info.grant.reference))).collect();
    choose("grant", text, &grants)
}

/// Finds a caisse of the federation.
///
/// # Errors
/// As [`member`].
pub async fn caisse(context: &Context, text: &str) -> Result<CaisseId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Federation(federation) = context.query(&Query::Federation).await? else {
        return Err(unexpected());
    };
    let founders = federation.charter.founders.iter();
    let known = federation.members.iter().chain(founders);
    let mut known: Vec<_> = known.map(|contact| (contact.id, Some(contact.name.clone()))).collect();
    known.sort();
    known.dedup();
    choose("caisse", text, &known)
}

/// Finds one of the latest payments.
///
/// # Errors
/// As [`member`].
pub async fn payment(context: &Context, text: &str) -> Result<PaymentId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let limit = ledger::limits::ROWS;
    let Answer::Payments(payments) = context.query(&Query::Payments { limit }).await? else {
        return Err(unexpected());
    };
    let payments: Vec<_> = payments.into_iter().map(|payment| (payment.payment, None)).collect();
    choose("payment", text, &payments)
}

/// Finds a settlement run.
///
/// # Errors
/// As [`member`].
pub async fn run(context: &Context, text: &str) -> Result<RunId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Runs(runs) = context.query(&Query::Runs).await? else {
        return Err(unexpected());
    };
    let runs: Vec<_> = runs.into_iter().map(|run| (run.id, None)).collect();
    choose("settlement run", text, &runs)
}

/// Finds a proposal.
///
/// # Errors
/// As [`member`].
pub async fn proposal(context: &Context, text: &str) -> Result<ProposalId, Failure> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let Answer::Federation(federation) = context.query(&Query::Federation).await? else {
        return Err(unexpected());
    };
    let proposals: Vec<_> = federation.proposals.into_iter().map(|p| (p.id, None)).collect();
    choose("proposal", text, &proposals)
}

/// The failure of a node that answers another question than was asked: it is of another version.
#[must_use]
pub fn unexpected() -> Failure {
    Failure::Failed(
        "the node answers in a way that this version does not know: use its own".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Vec<Candidate<MemberId>> {
        let id = |first: u8, second: u8| {
            let mut bytes = [0; 16];
            bytes[..2].copy_from_slice(&[first, second]);
            MemberId::new(bytes)
        };
        vec![
            (id(0xab, 0xcd), Some("Rose Pervanchoux".to_owned())),
            (id(0xab, 0xce), Some("Octave".to_owned())),
            (id(0x12, 0x34), Some("Octave".to_owned())),
            (id(0x56, 0x78), None),
        ]
    }

    #[test]
    fn a_name_or_the_beginning_of_an_id_means_one() {
        let members = members();
        let choose = |text: &str| choose("member", text, &members);
        assert_eq!(choose("rose pervanchoux"), Ok(members[0].0));
        assert_eq!(choose("ABCE"), Ok(members[1].0));
        assert_eq!(choose("5678"), Ok(members[3].0));
    }

    #[test]
    fn what_means_none_or_several_is_refused_with_what_to_do() {
        let members = members();
        let refused = |text: &str| match choose("member", text, &members) {
            Err(Failure::Misused(message)) => message,
            other => panic!("{text:?} was taken for {other:?}"),
        };
        assert!(refused("Octave").contains("2 different members"));
        assert!(refused("Octave").contains("1234"));
        assert!(refused("abc").contains("no member"));
        assert!(refused("ffff").contains("at least 4 digits"));
        assert!(refused("").contains("no member"));
    }
}
