//! A till without a network to its node: what it keeps, whom it believes, how much it may sell.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crdt::card::{CardText, issuer_prefix};
use crdt::register::prefix;
use crdt::{Cents, PaymentId, Timestamp};
use ledger::command::{Code, PaymentCode, Purchase};
use node::http::{CardIssuer, Offline};
use serde::{Deserialize, Serialize};

use super::store::{Store, Stored};
use crate::client::random;
use crate::failure::Failure;

const HOUR_MS: i64 = 3_600_000;

/// What a till keeps between two sales.
// No `Debug`: it holds a secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The door for tills.
    pub door: SocketAddr,
    /// The vendor's secret.
    pub secret: String,
    /// When the node was asked last, by the till's clock.
    pub at: Timestamp,
    /// What the node said.
    pub offline: Offline,
}

impl Kept {
    /// Reads what a till keeps.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the till was never paired.
    pub fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("till.json");
        let failed = |why: String| {
            let help = "pair the till with `caisse till pair` while its node can be reached";
            Failure::Failed(format!("{}: {why}: {help}", path.display()))
        };
        let bytes = std::fs::read(&path).map_err(|why| failed(why.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|why| failed(why.to_string()))
    }

    /// Writes what a till keeps, whole or not at all; only its owner can read it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let (path, unfinished) = (dir.join("till.json"), dir.join("till.json.new"));
        let write = || {
            std::fs::create_dir_all(dir)?;
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            std::fs::rename(&unfinished, &path)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(|why: std::io::Error| Failure::Failed(format!("{}: {why}", path.display())))
    }

    /// Returns how old what is kept is, in whole hours.
    #[must_use]
    pub fn hours(&self, now: Timestamp) -> i64 {
        age_ms(self.at, now) / HOUR_MS
    }

    /// Checks a printed card without asking anyone: its caisse signed it, and no list that is kept blocks it.
    ///
    /// # Errors
    /// [`Failure::Failed`], in words for the vendor.
    pub fn check_card(&self, card: &CardText) -> Result<&CardIssuer, Failure> {
        let refused = |why: &str| Err(Failure::Failed(why.to_owned()));
        let CardText::Certificate(certificate) = card else {
            return refused("without a network only a scanned card can be checked, not its number");
        };
        let issuer = self.offline.issuers.iter().find(|issuer| issuer.id == certificate.home);
        let Some(issuer) = issuer else {
            return refused("the card is of a caisse that this till does not know");
        };
        let of_number = issuer_prefix(&certificate.card) == prefix(&issuer.id);
        if !of_number || certificate.verify(&issuer.node).is_err() {
            return refused("the card is forged");
        }
        let mut lists = self.offline.revoked.iter().filter(|list| list.caisse == issuer.id);
        let blocks = |list: &crdt::revocation::RevocationList| {
            let signed = list.verify(&issuer.node).is_ok();
            signed && list.cards.iter().any(|blocked| blocked.card() == certificate.card)
        };
        if lists.any(blocks) {
            return refused("the card is blocked");
        }
        Ok(issuer)
    }

    /// Returns how many hours ago the list of blocked cards of a caisse was made, if one is kept.
    #[must_use]
    pub fn list_hours(&self, issuer: &CardIssuer, now: Timestamp) -> Option<i64> {
        let lists = self.offline.revoked.iter().filter(|list| list.caisse == issuer.id);
        let at = lists.map(|list| list.at).max()?;
        Some(age_ms(at, now) / HOUR_MS)
    }

    /// Checks that one more sale may be stored.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the limit that is reached.
    pub fn check_limits(
        &self,
        store: &Store,
        amount: Cents,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let limits = &self.offline.limits;
        let waiting = store.waiting();
        let refused = |why: String| Err(Failure::Failed(why));
        if amount.is_zero() {
            return refused("the amount is zero".to_owned());
        }
        if amount > limits.sale {
            return refused(format!("without a network a sale is at most {}", limits.sale));
        }
        if waiting.len() >= limits.sales as usize {
            let most = limits.sales;
            return refused(format!("{most} sales are stored already: send them first"));
        }
        let sum = Cents::checked_sum(waiting.iter().map(|sale| sale.amount));
        let sum = sum.and_then(|sum| sum.checked_add(amount)).unwrap_or(Cents::MAX);
        if sum > limits.sum {
            return refused(format!("stored sales sum to at most {}: send them first", limits.sum));
        }
        if waiting.iter().any(|sale| self.is_late(sale, now)) {
            let hours = limits.hours;
            return refused(format!("a sale has been stored for {hours} hours: send it first"));
        }
        Ok(())
    }

    /// Returns whether a stored sale is too old to be sent without a person saying so.
    #[must_use]
    pub fn is_late(&self, sale: &Stored, now: Timestamp) -> bool {
        age_ms(sale.at, now) >= i64::from(self.offline.limits.hours).saturating_mul(HOUR_MS)
    }

    /// Makes a sale that can be stored: its code is sealed to the card's caisse, so that it lies open nowhere.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the card's caisse has no key to which a code can be sealed.
    pub fn sale(
        &self,
        id: PaymentId,
        card: &CardText,
        issuer: &CardIssuer,
        amount: Cents,
        code: &Code,
        at: Timestamp,
    ) -> Result<Stored, Failure> {
        let request = Purchase::from(amount).request(id, card.card(), self.offline.vendor.id);
        let sealed = issuer.sealing.seal(code.digits(), &id, &request, random()?);
        let sealed = sealed.map_err(|_| {
            Failure::Failed("the card's caisse has a key to which no code can be sealed".to_owned())
        })?;
        let code = PaymentCode::Sealed(sealed);
        Ok(Stored { id, at, card: card.clone(), amount, code })
    }
}

/// A clock that was set back makes nothing older.
fn age_ms(at: Timestamp, now: Timestamp) -> i64 {
    now.as_ms().saturating_sub(at.as_ms()).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::card::{CardCertificate, card_id};
    use crdt::key::SecretKey;
    use crdt::revocation::RevocationList;
    use crdt::seal::SealingSecret;
    use crdt::{CaisseId, SignedCents, VendorId};
    use ledger::answer::VendorInfo;
    use node::http::OfflineLimits;

    const NOW: i64 = 1_795_500_000_000;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[1; 32])
    }

    fn home() -> CaisseId {
        CaisseId::new([7; 32])
    }

    fn scanned(number: u8, home: CaisseId, key: &SecretKey) -> CardText {
        let card = card_id(&home, [number; 6]);
        CardText::Certificate(Box::new(CardCertificate::sign(card, home, key)))
    }

    fn kept(sales: u32) -> Kept {
        let vendor = VendorInfo {
            id: VendorId::new([3; 16]),
            name: "Le Potager".to_owned(),
            commune: "34172".to_owned(),
            kind: "stall".to_owned(),
            coverage: None,
            balance: SignedCents::ZERO,
        };
        let sealing = SealingSecret::from_seed(&[1; 32]).public();
        let node = key().public();
        let issuers = vec![CardIssuer { id: home(), name: "A".to_owned(), node, sealing }];
        let at = Timestamp::from_ms(NOW - 5 * HOUR_MS);
        let blocked = [card_id(&home(), [2; 6])];
        let revoked = vec![RevocationList::sign(home(), at, blocked, &key())];
        let sale = Cents::from_u32(5_000);
        let limits = OfflineLimits { sale, sum: Cents::from_u32(9_000), sales, hours: 24 };
        let offline = Offline { vendor, issuers, revoked, limits };
        let door = ([127, 0, 0, 1], 1).into();
        Kept { door, secret: "s".to_owned(), at, offline }
    }

    fn store(ages_hours: &[i64]) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path()).expect("it opens");
        for (number, age) in ages_hours.iter().enumerate() {
            let (id, card) = (PaymentId::new([number as u8; 16]), scanned(1, home(), &key()));
            let (kept, code) = (kept(9), "4071".parse().expect("four digits"));
            let at = Timestamp::from_ms(NOW - age * HOUR_MS);
            let issuer = kept.check_card(&card).expect("a good card");
            let sale = kept.sale(id, &card, issuer, Cents::from_u32(3_000), &code, at);
            store.add(sale.expect("it seals")).expect("it is stored");
        }
        (dir, store)
    }

    #[test]
    fn only_a_card_that_its_caisse_signed_and_no_list_blocks_is_taken() {
        let kept = kept(9);
        let said = |card: &CardText| kept.check_card(card).map(|_| ()).map_err(|f| f.to_string());
        assert_eq!(said(&scanned(1, home(), &key())), Ok(()));
        let number = CardText::Number(scanned(1, home(), &key()).card());
        let stranger = CaisseId::new([8; 32]);
        let refusals = [
            (scanned(2, home(), &key()), "blocked"),
            (scanned(1, home(), &SecretKey::from_seed(&[2; 32])), "forged"),
            (scanned(1, stranger, &key()), "does not know"),
            (number, "only a scanned card"),
        ];
        for (card, why) in refusals {
            let refused = said(&card).expect_err("refused");
            assert!(refused.contains(why), "{refused}");
        }
        let age = kept.list_hours(&kept.offline.issuers[0], Timestamp::from_ms(NOW));
        assert_eq!(age, Some(5), "the age of the list is known");
    }

    #[test]
    fn a_list_that_the_caisse_did_not_sign_blocks_nobody() {
        let mut kept = kept(9);
        kept.offline.revoked[0].cards.push(CardText::Number(scanned(1, home(), &key()).card()));
        assert!(kept.check_card(&scanned(1, home(), &key())).is_ok());
    }

    #[test]
    fn every_limit_refuses_the_sale_that_goes_beyond_it() {
        let now = Timestamp::from_ms(NOW);
        let check = |ages: &[i64], sales, amount| {
            let (_dir, store) = store(ages);
            kept(sales).check_limits(&store, Cents::from_u32(amount), now)
        };
        assert_eq!(check(&[0, 0], 9, 3_000), Ok(()), "90 euros in all");
        assert_eq!(check(&[23], 9, 5_000), Ok(()));
        for (ages, sales, amount, why) in [
            (&[][..], 9, 0, "zero"),
            (&[][..], 9, 5_001, "at most 50"),
            (&[0, 0][..], 9, 3_001, "sum to at most"),
            (&[0, 0][..], 2, 100, "2 sales are stored"),
            (&[24, 0][..], 9, 100, "24 hours"),
        ] {
            let refused = check(ages, sales, amount).expect_err("refused").to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn a_stored_code_opens_for_its_own_sale_only_and_is_not_in_the_file() {
        let (dir, store) = store(&[0]);
        let sale = &store.waiting()[0];
        let PaymentCode::Sealed(sealed) = &sale.code else { panic!("it is sealed") };
        let secret = SealingSecret::from_seed(&[1; 32]);
        let request = |amount| {
            Purchase::from(amount).request(sale.id, sale.card.card(), VendorId::new([3; 16]))
        };
        let opened = secret.open(sealed, &sale.id, &request(sale.amount));
        assert_eq!(opened, Ok(b"4071".to_vec()));
        assert!(secret.open(sealed, &sale.id, &request(Cents::from_u32(1))).is_err());
        let file = std::fs::read(dir.path().join("sales.jsonl")).expect("it is there");
        assert!(!String::from_utf8_lossy(&file).contains("\"4071\""));
    }
}
