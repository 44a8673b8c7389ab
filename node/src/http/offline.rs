//! What a till keeps for the time without a network to its node: the keys of every caisse, the list of blocked
//! cards, and how much it may sell.

use axum::Json;
use axum::extract::State;
use crdt::contact::Contact;
use crdt::key::PublicKey;
use crdt::revocation::RevocationList;
use crdt::seal::SealingKey;
use crdt::{CaisseId, Cents};
use ledger::answer::{CardAnswer, VendorInfo};
use ledger::command::CardQuery;
use ledger::{Answer, Refused};
use serde::{Deserialize, Serialize};

use super::Doors;
use super::till::{Failure, Till, question, vendor_of};

/// The highest price of one sale that a till stores: the vendor bears it if it is refused later.
pub const SALE: Cents = Cents::from_u32(5_000);

/// The sum of the sales that a till stores at a time.
pub const SUM: Cents = Cents::from_u32(50_000);

/// The sales that a till stores at a time: a busy morning at a market.
pub const SALES: u32 = 100;

/// Hours after which a stored sale is late, and nothing more is stored beside it.
pub const HOURS: u32 = 24;

/// What a till may do without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfflineLimits {
    /// The highest price of one sale.
    pub sale: Cents,
    /// The sum of all stored sales.
    pub sum: Cents,
    /// The number of stored sales.
    pub sales: u32,
    /// Hours after which a stored sale is late.
    pub hours: u32,
}

/// The keys of a caisse whose cards a till may meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardIssuer {
    /// The caisse.
    pub id: CaisseId,
    /// Its name.
    pub name: String,
    /// The key that signs its cards.
    pub node: PublicKey,
    /// The key to which codes of its cards are sealed.
    pub sealing: SealingKey,
}

/// Everything that a till keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offline {
    /// The vendor.
    pub vendor: VendorInfo,
    /// Every caisse of the federation, the till's own first.
    pub issuers: Vec<CardIssuer>,
    /// The lists of blocked cards that the node holds.
    pub revoked: Vec<RevocationList>,
    /// How much may be sold.
    pub limits: OfflineLimits,
}

fn issuer(contact: &Contact) -> CardIssuer {
    let Contact { id, name, node, sealing, .. } = contact;
    CardIssuer { id: *id, name: name.clone(), node: *node, sealing: *sealing }
}

/// Answers a till with everything that it keeps.
pub(super) async fn offline(
    till: Till,
    State(doors): State<Doors>,
) -> Result<Json<Offline>, Failure> {
    let vendor = vendor_of(&doors, till.secret).await?;
    let Answer::Contact(own) = question(&doors, ledger::Query::Contact).await? else {
        return Err(Refused::NotFound.into());
    };
    let mut issuers = vec![issuer(&own)];
    // A caisse without a federation meets its own cards only.
    if let Ok(Answer::Federation(info)) = question(&doors, ledger::Query::Federation).await {
        issuers.extend(info.members.iter().filter(|member| member.id != own.id).map(issuer));
    }
    let revoked = match question(&doors, ledger::Query::Cards(CardQuery::Revoked)).await? {
        Answer::Cards(CardAnswer::Revoked(list)) => vec![*list],
        _ => Vec::new(),
    };
    let limits = OfflineLimits { sale: SALE, sum: SUM, sales: SALES, hours: HOURS };
    Ok(Json(Offline { vendor, issuers, revoked, limits }))
}
