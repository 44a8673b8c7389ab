//! Who is meant by the names of a scenario.

use std::collections::BTreeMap;

use super::Scenario;
use crate::world::World;

/// The caisses, members and sales of a scenario.
pub(super) struct Cast {
    pub caisses: Vec<String>,
    pub sales: BTreeMap<String, usize>,
}

impl Cast {
    pub fn of(scenario: &Scenario) -> Self {
        Self { caisses: scenario.caisses.clone(), sales: BTreeMap::new() }
    }

    pub fn caisse(&self, name: &str) -> Result<usize, String> {
        let found = self.caisses.iter().position(|known| known == name);
        found.ok_or_else(|| {
            format!("no caisse is called {name:?}: one of {}", self.caisses.join(", "))
        })
    }

    /// Finds a member, `Name 2` for the second of a caisse.
    pub fn member(&self, world: &World, name: &str) -> Result<usize, String> {
        let unknown = || {
            format!(
                "no member is called {name:?}: a caisse and a number, as in \"{} 1\"",
                self.caisses[0]
            )
        };
        let (caisse, number) = name.rsplit_once(' ').ok_or_else(unknown)?;
        let home = self.caisse(caisse)?;
        let number: usize = number.parse().map_err(|_| unknown())?;
        let all = world.tills.shoppers.iter().enumerate();
        let mut ours = all.filter(|(_, shopper)| shopper.home == home).map(|(place, _)| place);
        number.checked_sub(1).and_then(|before| ours.nth(before)).ok_or_else(unknown)
    }

    pub fn sale(&self, name: &str) -> Result<usize, String> {
        let known: Vec<&str> = self.sales.keys().map(String::as_str).collect();
        let found = self.sales.get(name).copied();
        found.ok_or_else(|| format!("no sale is called {name:?}: one of {}", known.join(", ")))
    }
}
