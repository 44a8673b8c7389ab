//! Names of members and vendors, for people to read: most answers carry ids only.

use std::collections::BTreeMap;

use crdt::{MemberId, VendorId};
use ledger::{Answer, Query};

use super::Context;
use super::money;
use crate::output::short;

/// Who is called what, as far as it is to be had; what was asked is done, whatever comes now.
#[derive(Debug, Default)]
pub(super) struct Names {
    members: BTreeMap<MemberId, String>,
    vendors: BTreeMap<VendorId, String>,
}

impl Names {
    /// Asks the node; nothing is asked where the answer goes to a machine.
    pub(super) async fn known(context: &Context) -> Self {
        if context.json() {
            return Self::default();
        }
        let vendors = match context.query(&Query::Vendors).await {
            Ok(Answer::Vendors(vendors)) => {
                vendors.into_iter().map(|vendor| (vendor.id, vendor.name)).collect()
            }
            Ok(_) | Err(_) => BTreeMap::new(),
        };
        Self { members: money::names(context).await, vendors }
    }

    /// Returns the member's name, or the beginning of its id.
    pub(super) fn member(&self, id: MemberId) -> String {
        self.members.get(&id).cloned().unwrap_or_else(|| format!("member {}", short(&id)))
    }

    /// Returns the vendor's name, or the beginning of its id.
    pub(super) fn vendor(&self, id: VendorId) -> String {
        self.vendors.get(&id).cloned().unwrap_or_else(|| format!("vendor {}", short(&id)))
    }
}

/// Returns what a name is sorted by: case and the accents of French count for nothing.
pub(super) fn alphabetical(name: &str) -> String {
    let plain = |c| match c {
        'à' | 'â' | 'ä' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ÿ' => 'y',
        other => other,
    };
    name.to_lowercase().replace('œ', "oe").replace('æ', "ae").chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_a_french_reader_looks_for_them() {
        let mut names = ["Fanny", "Élodie", "zoé", "Œuvre", "Oscar", "Eric", "Ève"];
        names.sort_by_key(|name| alphabetical(name));
        assert_eq!(names, ["Élodie", "Eric", "Ève", "Fanny", "Œuvre", "Oscar", "zoé"]);
    }

    #[test]
    fn who_has_no_name_is_called_by_an_id() {
        let names = Names::default();
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(names.vendor(id.parse().expect("an id")), "vendor 0123456789ab");
        assert_eq!(names.member(id.parse().expect("an id")), "member 0123456789ab");
    }
}
