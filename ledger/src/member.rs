//! Members and what they contribute. A member in the books is a random id; the person is a record of
//! its own that can be erased.

use crdt::{CardId, Cents, Date, MemberId, Month, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::allocation;
use crate::answer::{Answer, CardInfo};
use crate::books::{Cause, Phase, Transfer};
use crate::card::{self, Card, card_info};
use crate::command::{Code, Purse};
use crate::limits;
use crate::records::Kind;
use crate::refused::{MemberRefused, Refused};
use crate::rules::Household;
use crate::state::State;
use crate::treasury;
use crate::turn::{Outcome, Turn};

/// A member: a household with one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who lives in the household, from which day on: never empty, oldest first.
    pub households: Vec<(Date, Household)>,
    /// Since when.
    pub since: Timestamp,
    /// How the member left, if so.
    pub left: Option<Left>,
    /// Since when nothing is known of the person, and why.
    pub erased: Option<(Date, ErasureReason)>,
}

/// How a member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// When.
    pub on: Date,
    /// The last day on which what is left of the credit can be spent.
    pub until: Option<Date>,
    /// The place in the books of the entry by which the credit expired at once, if some was left.
    pub expired: Option<u64>,
}

/// Why a person's data is erased: not in words, which could name someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// The person asked for it.
    Request,
    /// The time for which it may be kept is over.
    Retention,
    /// It should never have been recorded.
    Mistake,
}

impl Member {
    /// Makes a member who joins now.
    #[must_use]
    pub fn new(household: Household, since: Timestamp, today: Date) -> Self {
        Self { households: vec![(today, household)], since, left: None, erased: None }
    }

    /// Returns who lives in the household on a day.
    #[must_use]
    pub fn household(&self, on: Date) -> Household {
        let begun = self.households.iter().rev().find(|(from, _)| *from <= on);
        let alone = Household { adults: 1, teens: 0, children: 0 };
        begun.or(self.households.first()).map_or(alone, |(_, household)| *household)
    }

    /// Returns whether the member has left and can spend nothing any more.
    #[must_use]
    pub fn is_gone(&self, today: Date) -> bool {
        self.left.is_some_and(|left| left.until.is_none_or(|until| until < today))
    }
}

/// The person behind a member. What each field is for and how long it is kept stands in
/// [`crate::privacy`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person's name.
    pub name: String,
    /// The number of the household's band of income, from 0, if the household told it. Purpose: the
    /// amount of its contribution.
    pub band: Option<u8>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Commune of the postal address.
    pub commune: Option<String>,
    /// What the person is called in a file that members are imported from.
    pub reference: Option<String>,
    /// Why the person left, in their words or the operator's.
    pub left_because: Option<String>,
}

/// Enrols a member.
pub(crate) fn add(
    state: &mut State,
    turn: &mut Turn<'_>,
    name: String,
    household: Household,
) -> Outcome {
    if name.trim().is_empty() || name.chars().count() > limits::TEXT_CHARS {
        return Err(MemberRefused::Name.into());
    }
    if !household.is_valid() {
        return Err(MemberRefused::Household.into());
    }
    let id = MemberId::new(state.random("member"));
    let member = Member::new(household, turn.now, turn.today());
    turn.put(Kind::Member, id.as_bytes(), &member);
    turn.put(Kind::Person, id.as_bytes(), &Person { name, ..Person::default() });
    state.members.insert(id, member);
    Ok(Answer::MemberAdded(id))
}

/// Issues a card with the code that the member chose.
pub(crate) fn issue_card(
    state: &mut State,
    turn: &mut Turn<'_>,
    member: MemberId,
    code: &Code,
) -> Outcome {
    let known = state.members.get(&member).ok_or(MemberRefused::UnknownMember)?;
    if known.left.is_some() {
        return Err(MemberRefused::HasLeft.into());
    }
    let random = state.random("card");
    let id = crdt::card::card_id(&state.me, random);
    let card = Card::new(member, state.secrets.code_tag(&id, code.digits()), turn.now);
    Ok(Answer::CardIssued(card::put(state, turn, id, card)?))
}

/// Blocks a card for good.
pub(crate) fn block_card(state: &mut State, turn: &mut Turn<'_>, id: CardId) -> Outcome {
    let card = state.cards.get_mut(&id).ok_or(MemberRefused::UnknownCard)?;
    card.blocked = true;
    turn.put(Kind::Card, id.as_bytes(), card);
    Ok(Answer::Card(info_of(state, turn, id)?))
}

fn info_of(state: &State, turn: &Turn<'_>, id: CardId) -> Result<CardInfo, Refused> {
    card_info(state, turn, id).ok_or(Refused::NotFound)
}

/// The contributions of a member for a month, by request id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// How much.
    pub amount: Cents,
    /// When it was recorded.
    pub at: Timestamp,
}

/// Returns the key of the contributions of a member, of a month, or of a request.
#[must_use]
pub fn contribution_key(
    member: MemberId,
    month: Option<Month>,
    request: Option<RequestId>,
) -> Vec<u8> {
    let mut key = member.as_bytes().to_vec();
    if let Some(month) = month {
        key.extend(month.to_string().bytes());
        if let Some(request) = request {
            key.extend(request.as_bytes());
        }
    }
    key
}

/// Reads of whom and for which month the key of a contribution is.
#[must_use]
pub fn read_contribution_key(key: &[u8]) -> Option<(MemberId, Month)> {
    let (member, rest) = key.split_at_checked(MemberId::LEN)?;
    let month = std::str::from_utf8(rest.get(..7)?).ok()?.parse().ok()?;
    Some((MemberId::from_slice(member)?, month))
}

/// Returns what a member contributed for a month.
pub(crate) fn contributed(turn: &Turn<'_>, member: MemberId, month: Month) -> Cents {
    let from = contribution_key(member, Some(month), None);
    let to = [from.as_slice(), &[0xff; 17]].concat();
    let rows = turn.range(Kind::Contribution, &from, &to, usize::MAX);
    let amounts = rows.iter().filter_map(|(_, value)| {
        crdt::wire::decode::<Contribution>(value).ok().map(|contribution| contribution.amount)
    });
    Cents::checked_sum(amounts).unwrap_or(Cents::MAX)
}

/// A contribution that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub month: Month,
    pub amount: Cents,
    pub into: Purse,
}

/// Records a contribution that was received. What a household gives for a month in all must fit the
/// rules of that month.
pub(crate) fn contribute(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    member: MemberId,
    given: &Given,
) -> Outcome {
    let Given { month, amount, into } = *given;
    let known = state.members.get(&member).ok_or(MemberRefused::UnknownMember)?;
    treasury::check_by_hand(turn, into)?;
    let household = known.household(month.last_day());
    let total = contributed(turn, member, month).checked_add(amount).unwrap_or(Cents::MAX);
    let band = turn.get::<Person>(Kind::Person, member.as_bytes()).and_then(|person| person.band);
    let rules = allocation::rules_of(state, month);
    let accepted = rules.contribution.accepts(&household, band, total);
    accepted.map_err(MemberRefused::Contribution)?;
    let (debit, credit) = (into.account(), Account::Contributions);
    let transfer = Transfer { debit, credit, amount };
    state.books.enter(turn, Cause::Contribution(request), Phase::Posted, vec![transfer])?;
    let key = contribution_key(member, Some(month), Some(request));
    turn.put(Kind::Contribution, &key, &Contribution { amount, at: turn.now });
    Ok(Answer::ContributionAdded { total })
}
