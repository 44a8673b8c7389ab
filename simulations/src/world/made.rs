//! Who the caisses of a world are: keys, contacts, settings. All of it follows from a number.

use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::SecretKey;
use crdt::seal::SealingSecret;
use crdt::{Cents, Date};
use ledger::calendar::Zone;
use ledger::rules::{Allocation, Caps, Contribution, Issue, Keep, Lots, Rules};
use ledger::state::{PaymentSettings, Secret, Secrets, Settings};

/// What every member gets in a month.
pub const ALLOCATION: Cents = Cents::from_u32(10_000);

fn seed(number: u8, purpose: u8) -> [u8; 32] {
    let mut seed = [purpose; 32];
    seed[0] = number;
    seed
}

pub(crate) fn contact_of(number: u8) -> Contact {
    let identity = SecretKey::from_seed(&seed(number, 1));
    let node = SecretKey::from_seed(&seed(number, 2)).public();
    let sealing = SealingSecret::from_seed(&seed(number, 3)).public();
    Contact {
        id: caisse_id(&identity.public()),
        name: format!("caisse {number}"),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

pub(super) fn settings(number: u8) -> Settings {
    Settings {
        contact: contact_of(number),
        rules: Rules {
            version: 1,
            from: Date::new(2026, 1, 1).expect("a day"),
            reason: "simulated".to_owned(),
            decision: None,
            allocation: Allocation::PerPerson { amount: ALLOCATION, child: None },
            contribution: Contribution::SelfSet {
                least: Cents::from_u32(100),
                most: Cents::from_u32(25_000),
                step: Cents::from_u32(100),
            },
            issue: Issue::default(),
            caps: Caps::default(),
            lots: Lots::default(),
            keep: Keep::default(),
        },
        zone: Zone::paris(),
        payments: PaymentSettings::default(),
        accounting: ledger::accounting::Settings::default(),
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
        visits: None,
    }
}

pub(crate) fn secrets(number: u8, starts: u32) -> Secrets {
    let mut boot = seed(number, 7);
    boot[1..5].copy_from_slice(&starts.to_le_bytes());
    Secrets {
        node: SecretKey::from_seed(&seed(number, 2)),
        sealing: SealingSecret::from_seed(&seed(number, 3)),
        pseudonyms: Secret(seed(number, 4)),
        codes: Secret(seed(number, 5)),
        salts: Secret(seed(number, 6)),
        boot: Secret(boot),
    }
}
