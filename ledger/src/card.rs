//! Cards and their codes.
//!
//! A code has four digits, so no slow hash protects it once the store is stolen; what protects it is
//! a key that lies in another file than the store, and the lock after a few wrong codes.

use crdt::card::{CardCertificate, CardText};
use crdt::{CardId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::answer::CardInfo;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Whose it is.
    pub member: MemberId,
    /// The keyed hash of the code.
    pub code: [u8; 32],
    /// Whether it is blocked for good.
    pub blocked: bool,
    /// Wrong codes in a row.
    pub wrong_codes: u32,
    /// Until when it is locked, by our clock.
    pub locked_until: Option<Timestamp>,
}

/// Why a card does not pay, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardRefused {
    /// Not one of ours.
    Unknown,
    /// Blocked for good.
    Blocked,
    /// Locked until then.
    Locked(Timestamp),
    /// The code is wrong; so many attempts are left.
    WrongCode(u32),
}

impl Card {
    /// Makes a card with the keyed hash of its code.
    #[must_use]
    pub const fn new(member: MemberId, code: [u8; 32]) -> Self {
        Self { member, code, blocked: false, wrong_codes: 0, locked_until: None }
    }
}

/// Checks a card and its code. A wrong code is counted, and the count is part of this turn's writes;
/// a right one clears the count.
pub(crate) fn check(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CardId,
    code: &[u8],
) -> Result<MemberId, CardRefused> {
    use subtle::ConstantTimeEq as _;

    let tag = state.secrets.code_tag(&id, code);
    let gone = is_of_gone_member(state, turn, &id);
    let payments = state.settings.payments;
    let card = state.cards.get_mut(&id).ok_or(CardRefused::Unknown)?;
    if card.blocked || gone {
        return Err(CardRefused::Blocked);
    }
    if let Some(until) = card.locked_until
        && turn.now < until
    {
        return Err(CardRefused::Locked(until));
    }
    if bool::from(card.code.ct_eq(&tag)) {
        if card.wrong_codes > 0 || card.locked_until.is_some() {
            (card.wrong_codes, card.locked_until) = (0, None);
            turn.put(Kind::Card, id.as_bytes(), card);
        }
        return Ok(card.member);
    }
    card.wrong_codes += 1;
    let left = payments.code_attempts.saturating_sub(card.wrong_codes);
    if left == 0 {
        (card.wrong_codes, card.locked_until) = (0, Some(turn.now.after(payments.code_lock)));
    }
    turn.put(Kind::Card, id.as_bytes(), card);
    Err(CardRefused::WrongCode(left))
}

/// Returns whether the member of a card has left, and the time to spend what is left is over.
fn is_of_gone_member(state: &State, turn: &Turn<'_>, id: &CardId) -> bool {
    let member = state.cards.get(id).and_then(|card| state.members.get(&card.member));
    member.is_some_and(|member| member.is_gone(turn.today()))
}

/// Returns what is told of a card: everything but its code.
pub(crate) fn card_info(state: &State, now: Timestamp, id: CardId) -> Option<CardInfo> {
    let card = state.cards.get(&id)?;
    let certificate = CardCertificate::sign(id, state.me, &state.secrets.node);
    Some(CardInfo {
        card: id,
        number: CardText::Number(id).to_string(),
        qr: CardText::Certificate(Box::new(certificate)).to_string(),
        member: card.member,
        blocked: card.blocked,
        locked_until: card.locked_until.filter(|until| now < *until),
    })
}
