//! The secrets of one caisse, in files that only its user may read.
//!
//! Each secret has a file of its own in `DIR/keys/`: 32 bytes, mode 0600. The identity key is needed
//! only to certify a new node key, so its file can be kept elsewhere, offline; the others are
//! needed to run.

mod change;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

pub use change::{Prepared, finish_change, identity_in, prepare, put_in_place};
use crdt::key::SecretKey;

/// Bytes of every secret.
const SECRET_BYTES: usize = 32;

/// The permission bits of group and others; a secret has none of them.
const NOT_THE_OWNER: u32 = 0o077;

/// Why the keys cannot be created or loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// There are keys already; they are never overwritten.
    #[error("{} exists already: keys are never overwritten", path.display())]
    Exists {
        /// The directory of the keys.
        path: PathBuf,
    },
    /// A key without which a node cannot run is not there.
    #[error("{} is missing: restore it from a backup", path.display())]
    Missing {
        /// The file or directory.
        path: PathBuf,
    },
    /// A file does not hold a key.
    #[error(
        "{} does not hold a key: it has {bytes} bytes, a key has 32: restore it from a backup",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Its bytes, counted up to one more than a key has.
        bytes: usize,
    },
    /// Other users of the machine may read or replace a key.
    #[error(
        "{0} is open to others (mode {mode:03o}): run `chmod {needed:03o} {0}`",
        path.display()
    )]
    TooOpen {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it should have.
        needed: u32,
    },
    /// The operating system refused.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// The operating system has no random bytes.
    #[error("the operating system gives no random bytes: {why}")]
    Randomness {
        /// The operating system's words.
        why: String,
    },
}

/// Thirty-two secret bytes. Never shown, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    fn random() -> Result<Self, KeysError> {
        let mut bytes = [0; SECRET_BYTES];
        let filled = getrandom::fill(&mut bytes);
        filled.map_err(|error| KeysError::Randomness { why: error.to_string() })?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of one caisse.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Is the caisse, for the federation; `None` when its file is kept offline.
    pub identity: Option<SecretKey>,
    /// Signs for the running node, under the identity's certificate.
    pub node: SecretKey,
    /// The seed of the key that opens what partners seal for this caisse.
    pub sealing: Secret,
    /// The sealing key before the last change of keys: a sale can be under way while they change.
    pub sealing_before: Option<Secret>,
    /// What the members' pseudonyms are derived from.
    pub pseudonyms: Secret,
    /// Mixed into the hashes of card codes, so that the store alone does not give them away.
    pub code_pepper: Secret,
    /// What salts are derived from.
    pub salts: Secret,
}

/// The names of the files, in the one place that may give them. A name never changes its meaning.
mod name {
    pub(super) const IDENTITY: &str = "identity";
    pub(super) const NODE: &str = "node";
    pub(super) const SEALING: &str = "sealing";
    pub(super) const PSEUDONYMS: &str = "pseudonyms";
    pub(super) const CODE_PEPPER: &str = "code-pepper";
    pub(super) const SALTS: &str = "salts";
    /// What opens codes that were sealed before the last change of keys; absent before there was one.
    pub(super) const SEALING_BEFORE: &str = "sealing-before";
    pub(super) const MAY_BE_ABSENT: [&str; 2] = [IDENTITY, SEALING_BEFORE];
    pub(super) const ALL: [&str; 6] = [IDENTITY, NODE, SEALING, PSEUDONYMS, CODE_PEPPER, SALTS];
}

impl Keys {
    /// Makes new keys from the operating system's randomness in a caisse's directory, durably and
    /// all or none.
    ///
    /// # Errors
    /// [`KeysError::Exists`] if there are any; [`KeysError::Io`]; [`KeysError::Randomness`].
    pub fn create(dir: &Path) -> Result<Self, KeysError> {
        let (path, unfinished) = (dir.join("keys"), dir.join("keys.new"));
        if path.exists() {
            return Err(KeysError::Exists { path });
        }
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(failed(&unfinished))?;
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&unfinished)
            .map_err(failed(&unfinished))?;
        for name in name::ALL {
            let file = unfinished.join(name);
            write(&file, &Secret::random()?).map_err(failed(&file))?;
        }
        sync_directory(&unfinished)?;
        fs::rename(&unfinished, &path).map_err(failed(&path))?;
        sync_directory(dir)?;
        Self::load(dir)
    }

    /// Loads the keys of a caisse's directory.
    ///
    /// # Errors
    /// [`KeysError::Missing`] (a missing identity key is not an error), [`KeysError::Length`],
    /// [`KeysError::TooOpen`] or [`KeysError::Io`], each about the first file that has it.
    pub fn load(dir: &Path) -> Result<Self, KeysError> {
        let keys = dir.join("keys");
        let metadata = fs::metadata(&keys).map_err(failed(&keys))?;
        check_mode(&keys, &metadata, 0o700)?;
        let signing = |secret: Secret| SecretKey::from_seed(secret.as_bytes());
        let identity = optional(&keys.join(name::IDENTITY))?.map(signing);
        Ok(Self {
            identity,
            node: signing(read(&keys.join(name::NODE))?),
            sealing: read(&keys.join(name::SEALING))?,
            sealing_before: optional(&keys.join(name::SEALING_BEFORE))?,
            pseudonyms: read(&keys.join(name::PSEUDONYMS))?,
            code_pepper: read(&keys.join(name::CODE_PEPPER))?,
            salts: read(&keys.join(name::SALTS))?,
        })
    }
}

fn optional(path: &Path) -> Result<Option<Secret>, KeysError> {
    match read(path) {
        Ok(secret) => Ok(Some(secret)),
        Err(KeysError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the files of a caisse's keys, by name, for a backup.
///
/// # Errors
/// As [`Keys::load`].
pub fn files(dir: &Path) -> Result<Vec<(String, [u8; 32])>, KeysError> {
    Keys::load(dir)?;
    files_in(&dir.join("keys"))
}

/// Reads the files of keys in a directory.
///
/// # Errors
/// As [`Keys::load`].
pub fn files_in(keys: &Path) -> Result<Vec<(String, [u8; 32])>, KeysError> {
    let mut files = Vec::new();
    for name in name::ALL.into_iter().chain([name::SEALING_BEFORE]) {
        match read(&keys.join(name)) {
            Ok(secret) => files.push((name.to_owned(), secret.0)),
            Err(KeysError::Missing { .. }) if name::MAY_BE_ABSENT.contains(&name) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// Writes files of keys into a new caisse's directory, durably.
///
/// # Errors
/// [`KeysError::Exists`] if there are any; [`KeysError::Io`].
pub fn put_files(dir: &Path, files: &[(String, [u8; 32])]) -> Result<(), KeysError> {
    put_files_into(&dir.join("keys"), files)?;
    sync_directory(dir)
}

fn put_files_into(path: &Path, files: &[(String, [u8; 32])]) -> Result<(), KeysError> {
    if path.exists() {
        return Err(KeysError::Exists { path: path.to_owned() });
    }
    DirBuilder::new().mode(0o700).create(path).map_err(failed(path))?;
    let known = |name: &str| name::ALL.contains(&name) || name == name::SEALING_BEFORE;
    for (name, secret) in files.iter().filter(|(name, _)| known(name)) {
        let file = path.join(name);
        write(&file, &Secret(*secret)).map_err(failed(&file))?;
    }
    sync_directory(path)
}

/// Says which file an error of the operating system is about.
fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeysError {
    let path = path.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::NotFound => KeysError::Missing { path },
        _ => KeysError::Io { path, why: error.to_string() },
    }
}

fn write(path: &Path, secret: &Secret) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Secret, KeysError> {
    let file = File::open(path).map_err(failed(path))?;
    // Asked of the open file, so that nobody can put another in its place in between.
    check_mode(path, &file.metadata().map_err(failed(path))?, 0o600)?;
    let mut bytes = Vec::with_capacity(SECRET_BYTES + 1);
    file.take(SECRET_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    let secret = <[u8; SECRET_BYTES]>::try_from(bytes.as_slice());
    secret.map(Secret).map_err(|_| KeysError::Length { path: path.to_owned(), bytes: bytes.len() })
}

fn check_mode(path: &Path, metadata: &fs::Metadata, needed: u32) -> Result<(), KeysError> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & NOT_THE_OWNER == 0 {
        return Ok(());
    }
    Err(KeysError::TooOpen { path: path.to_owned(), mode, needed })
}

fn sync_directory(path: &Path) -> Result<(), KeysError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(failed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caisse() -> (tempfile::TempDir, Keys) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let keys = Keys::create(dir.path()).expect("the directory is empty");
        (dir, keys)
    }

    fn all(keys: &Keys) -> [[u8; 32]; 6] {
        let identity = keys.identity.as_ref().expect("the identity is there").to_seed();
        let seeds = [&keys.sealing, &keys.pseudonyms, &keys.code_pepper, &keys.salts];
        let [sealing, pseudonyms, pepper, salts] = seeds.map(|secret| *secret.as_bytes());
        [identity, keys.node.to_seed(), sealing, pseudonyms, pepper, salts]
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
    }

    #[test]
    fn the_keys_that_were_made_are_loaded_again_and_no_two_are_the_same() {
        let (dir, made) = caisse();
        let loaded = Keys::load(dir.path()).expect("they were just made");
        assert_eq!(all(&made), all(&loaded));
        let mut different = all(&made).to_vec();
        different.extend(all(&caisse().1));
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 12);
    }

    #[test]
    fn only_the_owner_may_read_a_key() {
        let (dir, _) = caisse();
        let keys = dir.path().join("keys");
        let mode =
            |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!(mode(&keys), 0o700);
        for name in name::ALL {
            assert_eq!(mode(&keys.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn keys_are_never_overwritten() {
        let (dir, made) = caisse();
        let path = dir.path().join("keys");
        assert_eq!(
            Keys::create(dir.path()).expect_err("there are keys"),
            KeysError::Exists { path }
        );
        assert_eq!(all(&Keys::load(dir.path()).expect("untouched")), all(&made));
    }

    #[test]
    fn the_identity_key_can_be_kept_offline_but_no_other() {
        let (dir, _) = caisse();
        let keys = dir.path().join("keys");
        fs::remove_file(keys.join(name::IDENTITY)).expect("it is there");
        assert!(Keys::load(dir.path()).expect("the node can run").identity.is_none());
        for name in &name::ALL[1..] {
            let (path, aside) = (keys.join(name), dir.path().join("aside"));
            fs::rename(&path, &aside).expect("it is there");
            let missing = KeysError::Missing { path: path.clone() };
            assert_eq!(Keys::load(dir.path()).expect_err("it is needed"), missing);
            fs::rename(&aside, &path).expect("it was just moved");
        }
    }

    #[test]
    fn a_directory_without_keys_is_told_so() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("keys");
        assert_eq!(Keys::load(dir.path()).expect_err("no keys"), KeysError::Missing { path });
    }

    #[test]
    fn a_file_of_another_length_is_not_a_key() {
        for bytes in [0, 31, 33] {
            let (dir, _) = caisse();
            let path = dir.path().join("keys").join(name::NODE);
            fs::write(&path, vec![7; bytes]).expect("our own file");
            let wrong = Keys::load(dir.path()).expect_err("not 32 bytes");
            assert_eq!(wrong, KeysError::Length { path, bytes });
        }
    }

    #[test]
    fn keys_open_to_others_are_refused_with_the_command_that_closes_them() {
        let (dir, _) = caisse();
        let keys = dir.path().join("keys");
        let node = keys.join(name::NODE);
        set_mode(&node, 0o640);
        let refused = Keys::load(dir.path()).expect_err("the group may read").to_string();
        assert!(refused.contains(&format!("run `chmod 600 {}`", node.display())), "{refused}");
        set_mode(&node, 0o400);
        Keys::load(dir.path()).expect("stricter than needed is fine");
        set_mode(&keys, 0o755);
        let refused = Keys::load(dir.path()).expect_err("others may list").to_string();
        assert!(refused.contains(&format!("run `chmod 700 {}`", keys.display())), "{refused}");
    }

    #[test]
    fn keys_do_not_show_themselves() {
        let (_dir, keys) = caisse();
        let expected = "Keys { identity: Some(SecretKey(…)), node: SecretKey(…), sealing: Secret(…), \
                        sealing_before: None, pseudonyms: Secret(…), code_pepper: Secret(…), salts: Secret(…) }";
        assert_eq!(format!("{keys:?}"), expected);
    }
}
