//! What the demo plays with: configurations, people, vendors and foods, all of them inside the binary.

use std::net::SocketAddr;

use crdt::catalogue::Product;
use crdt::{BasisPoints, Cents};
use ledger::rules::Household;
use serde::Deserialize;
use serde::de::DeserializeOwned;

const VENDORS: &str = include_str!("../../fixtures/vendors.csv");
const PRODUCTS: &str = include_str!("../../fixtures/products.csv");

/// One of the three caisses of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Montpellier.
    Montpellier,
    /// Sud-Gironde.
    SudGironde,
    /// Cadenet.
    Cadenet,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Montpellier, Self::SudGironde, Self::Cadenet];

    /// Returns the place's number, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the name by which files and the fixtures call it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Montpellier => "montpellier",
            Self::SudGironde => "sud-gironde",
            Self::Cadenet => "cadenet",
        }
    }

    /// Returns the name by which people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Montpellier => "Montpellier",
            Self::SudGironde => "Sud-Gironde",
            Self::Cadenet => "Cadenet",
        }
    }

    const fn members_file(self) -> &'static str {
        match self {
            Self::Montpellier => include_str!("../../fixtures/members-montpellier.csv"),
            Self::SudGironde => include_str!("../../fixtures/members-sud-gironde.csv"),
            Self::Cadenet => include_str!("../../fixtures/members-cadenet.csv"),
        }
    }

    const fn config_file(self) -> &'static str {
        match self {
            Self::Montpellier => include_str!("../../../configs/montpellier.toml"),
            Self::SudGironde => include_str!("../../../configs/sud-gironde.toml"),
            Self::Cadenet => include_str!("../../../configs/cadenet.toml"),
        }
    }

    /// Returns the caisse's configuration as it stands in the repository, but for where its node
    /// listens: there it is this machine alone.
    #[must_use]
    pub fn config(self, node: &str, http: SocketAddr) -> String {
        let text = self.config_file();
        let (rules, _) = text.split_once("[node]").unwrap_or((text, ""));
        format!(
            "{rules}[node]\nlisten = [\"{node}\"]\naddresses = [\"{node}\"]\nhttp = \"{http}\"\n"
        )
    }
}

/// A household that is a member; its name is invented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name of the person who enrols.
    pub name: String,
    /// Who lives there.
    pub household: Household,
    /// What it gives each month.
    pub contribution: Cents,
}

/// A vendor, invented, in a real commune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    /// Its name.
    pub name: String,
    /// What kind of place it is.
    pub kind: String,
    /// INSEE code of its commune.
    pub commune: String,
    /// The rate in percent that the committee decides.
    pub percent: u16,
    /// What it sells.
    pub products: Vec<Product>,
}

/// What one caisse starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its members.
    pub members: Vec<Member>,
    /// Its vendors.
    pub vendors: Vec<Vendor>,
}

/// What the three caisses start with, in the order of [`Place::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixtures([Start; 3]);

impl Fixtures {
    /// Reads the files in the binary.
    #[must_use]
    pub fn read() -> Self {
        Self(Place::ALL.map(|place| Start { members: members(place), vendors: vendors(place) }))
    }

    /// Returns what a caisse starts with.
    #[must_use]
    pub fn of(&self, place: Place) -> &Start {
        &self.0[place.index()]
    }
}

#[derive(Deserialize)]
struct MemberLine {
    name: String,
    adults: u16,
    teens: u16,
    children: u16,
    contribution: String,
}

#[derive(Deserialize)]
struct VendorLine {
    caisse: String,
    name: String,
    kind: String,
    commune: String,
    coverage_percent: u16,
}

#[derive(Deserialize)]
struct ProductLine {
    caisse: String,
    vendor: String,
    code: String,
    name: String,
    ciqual: String,
    climate_g_co2e_per_kg: u32,
    coverage_percent: u16,
    price: String,
}

fn lines<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let lines = csv::Reader::from_reader(file.as_bytes()).into_deserialize();
    lines.collect::<Result<_, _>>().expect("the demo's own files are well formed")
}

fn euros(text: &str) -> Cents {
    text.parse().expect("the demo's own files hold amounts")
}

/// Returns a rate of whole percents.
#[must_use]
pub fn rate(percent: u16) -> BasisPoints {
    BasisPoints::new(percent * 100).expect("the demo's own rates are at most 100 %")
}

fn members(place: Place) -> Vec<Member> {
    let lines = lines::<MemberLine>(place.members_file()).into_iter();
    let member = |line: MemberLine| Member {
        name: line.name,
        household: Household { adults: line.adults, teens: line.teens, children: line.children },
        contribution: euros(&line.contribution),
    };
    lines.map(member).collect()
}

fn vendors(place: Place) -> Vec<Vendor> {
    let products = lines::<ProductLine>(PRODUCTS);
    let lines = lines::<VendorLine>(VENDORS).into_iter();
    let vendor = |line: VendorLine| {
        let sold = products.iter().filter(|p| p.caisse == line.caisse && p.vendor == line.name);
        Vendor {
            products: sold.map(product).collect(),
            name: line.name,
            kind: line.kind,
            commune: line.commune,
            percent: line.coverage_percent,
        }
    };
    lines.filter(|line| line.caisse == place.key()).map(vendor).collect()
}

fn product(line: &ProductLine) -> Product {
    Product {
        code: line.code.clone(),
        name: line.name.clone(),
        ciqual: Some(line.ciqual.clone()),
        coverage: Some(rate(line.coverage_percent)),
        price: Some(euros(&line.price)),
        climate_g_co2e_per_kg: Some(line.climate_g_co2e_per_kg),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::config::Config;
    use std::collections::BTreeSet;

    #[test]
    fn each_caisse_starts_with_40_members_and_6_vendors_and_they_sell_over_300_products() {
        let fixtures = Fixtures::read();
        let mut rates = BTreeSet::new();
        let mut sold = 0;
        for place in Place::ALL {
            let Start { members, vendors } = fixtures.of(place);
            assert_eq!((members.len(), vendors.len()), (40, 6), "{place:?}");
            for vendor in vendors {
                assert!(!vendor.products.is_empty(), "{} sells nothing", vendor.name);
                rates.extend(vendor.products.iter().filter_map(|product| product.coverage));
                sold += vendor.products.len();
            }
        }
        assert!(sold >= 300, "{sold}");
        assert_eq!(rates, BTreeSet::from([rate(30), rate(70), rate(100)]));
    }

    #[test]
    fn a_configuration_is_the_repositorys_own_but_for_where_the_node_listens() {
        let (node, http) = ("/ip4/127.0.0.1/tcp/17447", "127.0.0.1:17448");
        for place in Place::ALL {
            let ours = place.config(node, http.parse().expect("an address"));
            let ours = Config::parse(&ours, place.key()).expect("it is well formed");
            let Config { listen, addresses, reach, http: tills, .. } = ours.clone();
            assert_eq!(reach.own_addresses, addresses);
            assert_eq!((listen, addresses), (vec![node.to_owned()], vec![node.to_owned()]));
            assert_eq!(tills.to_string(), http);
            let theirs = Config::parse(place.config_file(), place.key()).expect("it is checked");
            let Config { listen, addresses, reach, http, .. } = theirs.clone();
            assert_eq!(Config { listen, addresses, reach, http, ..ours }, theirs);
        }
    }
}
