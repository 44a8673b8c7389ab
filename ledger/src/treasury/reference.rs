//! The reference by which a member's payments are known: a structured creditor reference (ISO 11649).

use std::collections::BTreeMap;

use crdt::MemberId;
use crdt::digest::keyed;
use serde::{Deserialize, Serialize};

use super::account_number::remainder;
use super::line::LineText;
use crate::refused::{MemberRefused, Refused};
use crate::state::{Secrets, State};

/// A member's reference: `RF`, two check digits, twelve digits. It is worked out from the member's id and
/// a secret of the caisse, and so is stored nowhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Reference(String);

/// As many references as twelve digits name.
const NUMBERS: u64 = 1_000_000_000_000;

impl Reference {
    /// Works out a member's reference.
    #[must_use]
    pub(crate) fn of(secrets: &Secrets, member: &MemberId) -> Self {
        let bytes = keyed(&secrets.pseudonyms.0, "caisse v1 bank reference", member.as_bytes());
        let first = bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let number = format!("{:012}", first % NUMBERS);
        let check = 98 - remainder([number.as_str(), "RF00"]);
        Self(format!("RF{check:02}{number}"))
    }

    /// Returns its sixteen characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Finds every reference in a text that a payer wrote: capitals, spaces and dashes make no difference.
    fn all_in(text: &str) -> Vec<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_uppercase();
        let found = plain.match_indices("RF").filter_map(|(at, _)| plain.get(at..at + 16));
        found.filter(|text| Self::is_right(text)).map(|text| Self(text.to_owned())).collect()
    }

    fn is_right(text: &str) -> bool {
        let (head, number) = text.split_at(4);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        digits(&head[2..]) && digits(number) && remainder([number, head]) == 1
    }
}

impl std::fmt::Display for Reference {
    /// Shows it in groups of four, as people copy it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |from: usize| self.0.get(from..from + 4).unwrap_or_default();
        write!(f, "{} {} {} {}", part(0), part(4), part(8), part(12))
    }
}

/// The references of all members.
pub(super) struct References(BTreeMap<Reference, Vec<MemberId>>);

impl References {
    /// Works them all out.
    pub fn of(state: &State) -> Self {
        let mut known = BTreeMap::<_, Vec<_>>::new();
        for member in state.members.keys() {
            known.entry(Reference::of(&state.secrets, member)).or_default().push(*member);
        }
        Self(known)
    }

    /// Returns every member whose reference a line has.
    pub fn members(&self, text: &LineText) -> Vec<MemberId> {
        let texts = text.references.iter().chain(&text.end_to_end).chain([&text.remittance]);
        let found = texts.flat_map(|text| Reference::all_in(text));
        let mut members: Vec<MemberId> =
            found.filter_map(|reference| self.0.get(&reference)).flatten().copied().collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// Returns the reference of a member.
pub(super) fn of_known(state: &State, member: MemberId) -> Result<Reference, Refused> {
    if !state.members.contains_key(&member) {
        return Err(MemberRefused::UnknownMember.into());
    }
    Ok(Reference::of(&state.secrets, &member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_however_it_is_typed_and_a_wrong_digit_is_seen() {
        // The example of ISO 11649: RF18 5390 0754 7034.
        let right = Reference("RF18539007547034".to_owned());
        assert_eq!(right.to_string(), "RF18 5390 0754 7034");
        for text in
            ["RF18539007547034", "cotisation rf18 5390-0754 7034 merci", "RFRF18539007547034"]
        {
            assert_eq!(Reference::all_in(text), std::slice::from_ref(&right), "{text}");
        }
        for text in
            ["RF18 5390 0754 7035", "RF18", "RF", "", "é RF18 5390 0754 703", "RF1A539007547034"]
        {
            assert!(Reference::all_in(text).is_empty(), "{text}");
        }
    }
}
