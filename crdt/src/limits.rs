//! Every limit on what a peer can make us hold, with its unit and its reason.

/// Bytes of a feed entry's header: fixed fields plus [`HEADS_SEEN`] heads.
pub const HEADER_BYTES: usize = 2_048;

/// Bytes of a feed entry's body; a catalogue change of a whole vendor sheet is the largest.
pub const BODY_BYTES: usize = 256 * 1024;

/// Heads of other feeds quoted in one header.
pub const HEADS_SEEN: usize = 16;

/// Entries in one message.
pub const ENTRIES_PER_MESSAGE: usize = 256;

/// Bytes of entries in one message, so that it stays under the transport's frame of 1 MiB.
pub const ENTRY_BYTES_PER_MESSAGE: usize = 700 * 1024;

/// Feed heads in one message: a federation of a thousand caisses, each with its public feed.
pub const HEADS_PER_MESSAGE: usize = 2_048;

/// Fork proofs in one message: two headers each, so that it stays far under the transport's frame.
pub const PROOFS_PER_MESSAGE: usize = 64;

/// Openings of epochs in one message; each is at most a body, and most are a few hundred bytes.
pub const OPENINGS_PER_MESSAGE: usize = 2;

/// Bytes of a fork proof written as text: two headers in hexadecimal, and keys.
pub const PROOF_FILE_BYTES: usize = 16 * 1024;

/// Caisses in a founding charter or in a settlement run.
pub const CAISSES: usize = 1_000;

/// Entries by which a proposal's base may grow: proposals that were effective before it.
pub const PROPOSAL_BASE: usize = 1_000;

/// Characters of any name or reason that travels between caisses.
pub const TEXT_CHARS: usize = 200;

/// Kinds of vendors that a caisse names when it states what it finds eligible elsewhere.
pub const ELIGIBLE_KINDS: usize = 200;

/// Network addresses of one caisse.
pub const ADDRESSES: usize = 16;

/// Communes of one caisse's territory.
pub const TERRITORY: usize = 2_000;

/// Days for which a lot may be sold by: longer outages are no outages.
pub const LOT_DAYS: u16 = 90;

/// Cards in a list of those that do not pay without their caisse: 200 KiB, far below a packet's 1 MiB.
pub const REVOKED_CARDS: usize = 10_000;

/// Products of one vendor's sheet.
pub const PRODUCTS_PER_SHEET: usize = 5_000;
