//! What a caisse holds in memory, and how it is loaded.

use std::collections::{BTreeMap, BTreeSet};

use crdt::contact::Contact;
use crdt::digest::keyed;
use crdt::key::SecretKey;
use crdt::seal::SealingSecret;
use crdt::{
    CaisseId, CardId, Duration, MemberId, Month, PaymentId, Pseudonym, Timestamp, VendorId, wire,
};
use serde::de::DeserializeOwned;

use crate::books::Books;
use crate::calendar::Zone;
use crate::card::{Card, Restriction};
use crate::federation::{Federation, SecondCopy};
use crate::home::Hold;
use crate::host::Waiting;
use crate::member::Member;
use crate::offline::{Offline, OfflineSettings};
use crate::records::{Kind, Records};
use crate::rules::{RuleBook, Rules};
use crate::shelf::Shelf;
use crate::vendor::Vendor;

/// How payments are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentSettings {
    /// How long a host waits for the home caisse before it decides.
    pub decision: Duration,
    /// Wrong codes in a row that lock a card.
    pub code_attempts: u32,
    /// How long a card stays locked.
    pub code_lock: Duration,
    /// What holds for sales while a caisse cannot be reached.
    pub offline: OfflineSettings,
}

impl Default for PaymentSettings {
    fn default() -> Self {
        Self {
            decision: Duration::from_ms(6_000),
            code_attempts: 4,
            code_lock: Duration::from_ms(24 * 3_600_000),
            offline: OfflineSettings::default(),
        }
    }
}

/// What the people of a caisse decided, from its configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who the caisse is.
    pub contact: Contact,
    /// The first rule set; later ones are planned by a command and stored.
    pub rules: Rules,
    /// Where the caisse is, for its days.
    pub zone: Zone,
    /// How payments are decided.
    pub payments: PaymentSettings,
    /// The chart of accounts, and what is decided about accounts.
    pub accounting: crate::accounting::Settings,
    /// Days after the first of a month at which members are reminded of its contribution.
    pub reminders: Vec<u16>,
    /// What is eligible when members buy elsewhere, where an agreement lets the home caisse decide.
    pub visits: Option<crdt::agreement::Eligible>,
}

/// What must not be known outside of the caisse.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Signs feed entries and cards.
    pub node: SecretKey,
    /// Opens codes that tills elsewhere sealed to us.
    pub sealing: SealingSecret,
    /// Makes pseudonyms.
    pub pseudonyms: Secret,
    /// Hashes card codes.
    pub codes: Secret,
    /// Makes the salts of feed bodies.
    pub salts: Secret,
    /// Random bytes of this start of the process: the seed of all chance until it ends.
    pub boot: Secret,
}

/// Thirty-two secret bytes; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secrets {
    /// Returns the keyed hash of a card's code.
    pub(crate) fn code_tag(&self, card: &CardId, code: &[u8]) -> [u8; 32] {
        let message = [card.as_bytes().as_slice(), code].concat();
        keyed(&self.codes.0, "caisse v1 card code", &message)
    }

    /// Returns how a partner sees a member in a month.
    pub(crate) fn pseudonym(
        &self,
        partner: &CaisseId,
        month: Month,
        member: &MemberId,
    ) -> Pseudonym {
        let message = wire::encode(&(partner, month, member));
        let bytes = keyed(&self.pseudonyms.0, "caisse v1 pseudonym", &message);
        let mut short = [0; 16];
        short.copy_from_slice(&bytes[..16]);
        Pseudonym::new(short)
    }
}

/// What a caisse holds in memory. Closed payments, the journal and the feeds stay on disk.
pub(crate) struct State {
    pub settings: Settings,
    pub secrets: Secrets,
    pub me: CaisseId,
    pub books: Books,
    pub members: BTreeMap<MemberId, Member>,
    pub cards: BTreeMap<CardId, Card>,
    /// The cards of each member.
    pub cards_of: BTreeSet<(MemberId, CardId)>,
    /// Cards that belong to nobody yet, and when they were made.
    pub blanks: BTreeMap<CardId, Timestamp>,
    /// What members restricted.
    pub restrictions: BTreeMap<MemberId, Restriction>,
    pub vendors: BTreeMap<VendorId, Vendor>,
    pub shelf: Shelf,
    pub rules: RuleBook,
    /// Sales that wait for their home caisse.
    pub waiting: BTreeMap<PaymentId, Waiting>,
    /// Holds that wait for their host's decision.
    pub holds: BTreeMap<(CaisseId, PaymentId), Hold>,
    pub federation: Option<Federation>,
    /// Lots, given and held.
    pub offline: Offline,
    /// Another process writes under our keys: nothing more is done.
    pub second_copy: Option<SecondCopy>,
    drawn: u64,
    #[cfg(feature = "mutants")]
    pub mutant: Option<crate::caisse::Mutant>,
    /// The books as they were when the batch began: mutant M7.
    #[cfg(feature = "mutants")]
    pub books_before_batch: Option<Books>,
}

impl State {
    /// Loads what was stored.
    pub fn load(settings: Settings, secrets: Secrets, records: &dyn Records) -> Self {
        let me = settings.contact.id;
        let cards: BTreeMap<CardId, Card> = table(records, Kind::Card, CardId::from_slice);
        let mut state = Self {
            me,
            books: Books::load(records),
            members: table(records, Kind::Member, MemberId::from_slice),
            cards_of: cards.iter().map(|(id, card)| (card.member, *id)).collect(),
            cards,
            blanks: table(records, Kind::BlankCard, CardId::from_slice),
            restrictions: table(records, Kind::Restriction, MemberId::from_slice),
            vendors: table(records, Kind::Vendor, VendorId::from_slice),
            shelf: Shelf::load(records, &secrets),
            rules: RuleBook::load(records, &settings.rules),
            waiting: BTreeMap::new(),
            holds: BTreeMap::new(),
            federation: Federation::load(records),
            offline: Offline::load(records),
            second_copy: None,
            drawn: 0,
            settings,
            secrets,
            #[cfg(feature = "mutants")]
            mutant: None,
            #[cfg(feature = "mutants")]
            books_before_batch: None,
        };
        crate::host::load(&mut state, records);
        crate::home::load(&mut state, records);
        state
    }

    /// Returns the cards of a member, in the order of their ids.
    pub fn cards_of(&self, member: MemberId) -> impl Iterator<Item = (CardId, &Card)> {
        let all =
            (member, CardId::new([0; CardId::LEN]))..=(member, CardId::new([0xff; CardId::LEN]));
        self.cards_of.range(all).filter_map(|(_, id)| Some((*id, self.cards.get(id)?)))
    }

    /// Draws random bytes of this start's chance.
    pub fn random<const N: usize>(&mut self, purpose: &str) -> [u8; N] {
        self.drawn += 1;
        let message = wire::encode(&(purpose, self.drawn));
        let bytes = keyed(&self.secrets.boot.0, "caisse v1 chance", &message);
        let mut drawn = [0; N];
        drawn.copy_from_slice(&bytes[..N]);
        drawn
    }

    /// Returns whether this machine is a certain wrong version of itself.
    #[cfg(feature = "mutants")]
    pub fn is_mutant(&self, mutant: crate::caisse::Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

pub(crate) fn table<K: Ord, V: DeserializeOwned>(
    records: &dyn Records,
    kind: Kind,
    key: fn(&[u8]) -> Option<K>,
) -> BTreeMap<K, V> {
    let rows = records.range(kind, &[], &[], usize::MAX).into_iter();
    rows.filter_map(|(k, v)| Some((key(&k)?, wire::decode(&v).ok()?))).collect()
}
