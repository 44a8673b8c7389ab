//! Card numbers, and the certificate in a card's QR code.

use serde::{Deserialize, Serialize};

use crate::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::register::prefix;
use crate::{CaisseId, CardId, wire};

/// A text that is neither a card number nor the content of a card's QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a card: expected a number like XXXX-XXXX-XXXX-XXXX or the text of its QR code")]
pub struct NotACard;

const QR_PREFIX: &str = "CAISSE1.";

/// The 32 characters of a card number: no A, E, I or O, so that no word appears on a card.
const ALPHABET: data_encoding::Encoding = data_encoding::BASE32_DNSCURVE;

/// Makes a card number of a caisse from six random bytes.
#[must_use]
pub fn card_id(caisse: &CaisseId, random: [u8; 6]) -> CardId {
    let mut bytes = [0; 10];
    bytes[..3].copy_from_slice(&prefix(caisse));
    bytes[3..9].copy_from_slice(&random);
    bytes[9] = check_byte(&bytes[..9]);
    CardId::new(bytes)
}

fn check_byte(bytes: &[u8]) -> u8 {
    blake3::hash(bytes).as_bytes()[0]
}

/// Returns the first bytes of the id of the caisse that issued a card.
#[must_use]
pub fn issuer_prefix(card: &CardId) -> [u8; 3] {
    let [a, b, c, ..] = *card.as_bytes();
    [a, b, c]
}

/// What a card's QR code carries: enough for any till to tell a genuine card without a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCertificate {
    /// The card.
    pub card: CardId,
    /// The caisse that issued it.
    pub home: CaisseId,
    /// The signature of that caisse's node key.
    pub signature: Signature,
}

impl CardCertificate {
    /// Signs a card.
    #[must_use]
    pub fn sign(card: CardId, home: CaisseId, node: &SecretKey) -> Self {
        let signature = node.sign(Purpose::Card, &wire::encode(&(card, home)));
        Self { card, home, signature }
    }

    /// Checks that the home caisse's node key signed the card.
    ///
    /// # Errors
    /// [`BadSignature`] if it did not.
    pub fn verify(&self, node: &PublicKey) -> Result<(), BadSignature> {
        node.verify(Purpose::Card, &wire::encode(&(self.card, self.home)), &self.signature)
    }
}

/// A card as a till reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CardText {
    /// Its number, typed.
    Number(CardId),
    /// Its QR code, scanned.
    Certificate(Box<CardCertificate>),
}

impl CardText {
    /// Returns the card.
    #[must_use]
    pub fn card(&self) -> CardId {
        match self {
            Self::Number(card) => *card,
            Self::Certificate(certificate) => certificate.card,
        }
    }
}

impl std::fmt::Display for CardText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(card) => {
                let letters = ALPHABET.encode(card.as_bytes()).to_ascii_uppercase();
                let groups = [&letters[..4], &letters[4..8], &letters[8..12], &letters[12..]];
                f.pad(&groups.join("-"))
            }
            Self::Certificate(certificate) => {
                let bytes = wire::encode(certificate.as_ref());
                write!(f, "{QR_PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&bytes))
            }
        }
    }
}

impl std::str::FromStr for CardText {
    type Err = NotACard;
    fn from_str(text: &str) -> Result<Self, NotACard> {
        let text = text.trim();
        if text.len() > 400 || !text.is_ascii() {
            return Err(NotACard);
        }
        if let Some(encoded) = text.strip_prefix(QR_PREFIX) {
            let bytes = data_encoding::BASE32_NOPAD.decode(encoded.as_bytes());
            let bytes = bytes.map_err(|_| NotACard)?;
            let certificate = wire::decode(&bytes).map_err(|_| NotACard)?;
            return Ok(Self::Certificate(Box::new(certificate)));
        }
        let letters: String = text.chars().filter(|c| *c != '-' && *c != ' ').collect();
        let bytes =
            ALPHABET.decode(letters.to_ascii_lowercase().as_bytes()).map_err(|_| NotACard)?;
        let card = CardId::from_slice(&bytes).ok_or(NotACard)?;
        let [head @ .., check] = card.as_bytes();
        if check_byte(head) == *check { Ok(Self::Number(card)) } else { Err(NotACard) }
    }
}

impl TryFrom<String> for CardText {
    type Error = NotACard;
    fn try_from(text: String) -> Result<Self, NotACard> {
        text.parse()
    }
}

impl From<CardText> for String {
    fn from(card: CardText) -> Self {
        card.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_reads_back_from_its_number_and_its_qr_code_and_a_typing_error_is_caught() {
        let home = CaisseId::new([7; 32]);
        let node = SecretKey::from_seed(&[1; 32]);
        let card = card_id(&home, [1, 2, 3, 4, 5, 6]);
        let number = CardText::Number(card).to_string();
        assert_eq!(number.len(), 19);
        assert_eq!(number.to_lowercase().parse(), Ok(CardText::Number(card)));
        let certificate = CardCertificate::sign(card, home, &node);
        assert_eq!(certificate.verify(&node.public()), Ok(()));
        let scanned = CardText::Certificate(Box::new(certificate.clone()));
        assert_eq!(scanned.to_string().parse(), Ok(scanned));
        let forged = CardCertificate { home: CaisseId::new([8; 32]), ..certificate };
        assert!(forged.verify(&node.public()).is_err());
        let mut wrong = 0;
        for place in (0..number.len()).filter(|place| number.as_bytes()[*place] != b'-') {
            let mut typed = number.clone().into_bytes();
            typed[place] = if typed[place] == b'0' { b'1' } else { b'0' };
            let typed = String::from_utf8(typed).expect("still ASCII");
            wrong += usize::from(typed.parse::<CardText>().is_err());
        }
        assert!(wrong >= 15, "only {wrong} of 16 single errors caught");
        for text in ["", "hello", "CAISSE1.", "CAISSE1.AAAA", "é", "0000-0000"] {
            assert_eq!(text.parse::<CardText>(), Err(NotACard), "{text}");
        }
    }
}
