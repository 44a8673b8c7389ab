//! A caisse's directory: made once, read at every start.
//!
//! `caisse.toml` is the configuration, `keys/` the secrets, `certificate` the identity key's word for the
//! node's keys (so that the identity key itself may be kept elsewhere), `store/` the records.

use std::fs;
use std::path::{Path, PathBuf};

use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::{PublicKey, Signature};
use crdt::seal::SealingSecret;
use crdt::wire;
use ledger::state::{Secret, Secrets, Settings};

use crate::config::{Config, ConfigError};
use crate::keys::{Keys, KeysError};
use crate::store::{Store, StoreError};

/// Why a caisse's directory cannot be made or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The configuration has a mistake.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The directory holds something.
    #[error("{} is not empty: choose a new directory for a new caisse", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The keys cannot be made or read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate is not there or does not fit the keys.
    #[error("{}: the certificate is missing or does not fit the keys: restore it from a backup", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
}

/// A caisse's directory, read.
#[derive(Debug)]
pub struct Caisse {
    /// The configuration.
    pub config: Config,
    /// What the machine needs to know.
    pub settings: Settings,
    /// What nobody else may know.
    pub secrets: Secrets,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SetupError {
    let path = path.to_owned();
    move |error| SetupError::Io { path, why: error.to_string() }
}

/// Makes a caisse in a directory that does not exist or is empty. On failure the directory is left as
/// it was.
///
/// # Errors
/// The first of [`SetupError`] that applies.
pub fn init(dir: &Path, config: &Path) -> Result<Caisse, SetupError> {
    Config::read(config)?;
    let existed = dir.exists();
    if existed {
        let mut entries = fs::read_dir(dir).map_err(io(dir))?;
        if entries.next().is_some() {
            return Err(SetupError::InUse { dir: dir.to_owned() });
        }
    }
    fs::create_dir_all(dir).map_err(io(dir))?;
    let made = fill(dir, config);
    if made.is_err() {
        clear(dir, existed);
    }
    made
}

fn fill(dir: &Path, config: &Path) -> Result<Caisse, SetupError> {
    let keys = Keys::create(dir)?;
    let identity =
        keys.identity.as_ref().ok_or(SetupError::Certificate { path: dir.to_owned() })?;
    let sealing = SealingSecret::from_seed(keys.sealing.as_bytes()).public();
    let certificate = certify(identity, &keys.node.public(), &sealing);
    let path = dir.join("certificate");
    let bytes = wire::encode(&(identity.public(), certificate));
    fs::write(&path, bytes).map_err(io(&path))?;
    Store::create(dir)?;
    let path = dir.join("caisse.toml");
    fs::copy(config, &path).map_err(io(&path))?;
    load(dir)
}

/// Removes what a failed attempt left, and the directory if it was not there before.
fn clear(dir: &Path, existed: bool) {
    if !existed {
        let _ = fs::remove_dir_all(dir);
        return;
    }
    for name in ["keys", "keys.new", "store", "store.new"] {
        let _ = fs::remove_dir_all(dir.join(name));
    }
    for name in ["certificate", "caisse.toml", "lock"] {
        let _ = fs::remove_file(dir.join(name));
    }
}

/// Reads a caisse's directory; each reading is a new start with its own chance.
///
/// # Errors
/// The first of [`SetupError`] that applies.
pub fn load(dir: &Path) -> Result<Caisse, SetupError> {
    if !dir.join("caisse.toml").exists() {
        return Err(StoreError::Missing { dir: dir.to_owned() }.into());
    }
    let config = Config::read(&dir.join("caisse.toml"))?;
    crate::keys::finish_change(dir)?;
    let keys = Keys::load(dir)?;
    let mut sealing = SealingSecret::from_seed(keys.sealing.as_bytes());
    if let Some(before) = &keys.sealing_before {
        sealing = sealing.opening_also(SealingSecret::from_seed(before.as_bytes()));
    }
    let (identity, certificate) = read_certificate(dir)?;
    let contact = Contact {
        id: caisse_id(&identity),
        name: config.name.clone(),
        territory: config.territory.clone(),
        identity,
        node: keys.node.public(),
        sealing: sealing.public(),
        certificate,
        addresses: config.addresses.clone(),
    };
    if contact.check().is_err() {
        return Err(SetupError::Certificate { path: dir.join("certificate") });
    }
    let mut boot = [0; 32];
    getrandom::fill(&mut boot).map_err(|error| KeysError::Randomness { why: error.to_string() })?;
    let secrets = Secrets {
        node: keys.node,
        sealing,
        pseudonyms: Secret(*keys.pseudonyms.as_bytes()),
        codes: Secret(*keys.code_pepper.as_bytes()),
        salts: Secret(*keys.salts.as_bytes()),
        boot: Secret(boot),
    };
    let settings = Settings {
        contact,
        rules: config.rules.clone(),
        zone: config.zone.clone(),
        payments: config.payments,
        accounting: config.accounting.clone(),
        reminders: config.reminders.clone(),
        visits: config.visits.clone(),
    };
    Ok(Caisse { config, settings, secrets })
}

fn read_certificate(dir: &Path) -> Result<(PublicKey, Signature), SetupError> {
    let path = dir.join("certificate");
    let bytes = fs::read(&path).map_err(|_| SetupError::Certificate { path: path.clone() })?;
    wire::decode(&bytes).map_err(|_| SetupError::Certificate { path })
}
