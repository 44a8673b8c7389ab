//! What caisses share and sign.
//!
//! This crate is pure: no clock, file, socket, thread or operating-system randomness. Everything said
//! between caisses is an entry of a signed, hash-chained [`feed`]; everything they agree on is a
//! function of the set of accepted entries, whatever the order in which they came.

pub mod agreement;
pub mod card;
pub mod catalogue;
pub mod clearing;
pub mod contact;
pub mod digest;
pub mod epoch;
pub mod feed;
pub mod fork;
pub mod id;
pub mod key;
pub mod limits;
pub mod lot;
pub mod message;
pub mod money;
pub mod pair;
pub mod register;
pub mod replica;
pub mod revocation;
pub mod seal;
pub mod settlement;
pub mod time;
pub mod view;
pub mod wire;

pub use digest::Digest;
pub use id::{
    BatchId, CaisseId, CardId, ClaimId, DisputeId, GrantId, LineId, LotId, MemberId, NetworkId,
    PaymentId, Pseudonym, RequestId, RunId, VendorId,
};
pub use money::{BasisPoints, Cents, SignedCents};
pub use time::{Date, Duration, Month, Timestamp};
