//! New keys are made beside the old ones, and take their place once the caisse has said so.
//!
//! `keys.next` is made first, durably. Once the epoch is open, `certificate.next` is written, `keys` moves to
//! `keys.before-epoch-N`, and the two take their places. A start finishes what a crash interrupted.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crdt::key::SecretKey;
use crdt::seal::SealingSecret;

use super::{Keys, KeysError, Secret, failed, files, name, put_files_into, read, sync_directory};

const NEXT: &str = "keys.next";
const CERTIFICATE: &str = "certificate.next";

/// Keys that wait for their epoch.
#[derive(Debug)]
pub struct Prepared {
    /// Signs for the node.
    pub node: SecretKey,
    /// Opens what partners seal.
    pub sealing: SealingSecret,
}

/// Makes new node and sealing keys beside the present ones; those that were made before are taken again.
///
/// # Errors
/// [`KeysError`].
pub fn prepare(dir: &Path) -> Result<Prepared, KeysError> {
    let next = dir.join(NEXT);
    if !next.exists() {
        let (node, sealing) = (Secret::random()?, Secret::random()?);
        let before = Keys::load(dir)?.sealing;
        let kept = files(dir)?.into_iter().filter(|(name, _)| {
            ![name::NODE, name::SEALING, name::SEALING_BEFORE].contains(&name.as_str())
        });
        let new = [(name::NODE, node), (name::SEALING, sealing), (name::SEALING_BEFORE, before)];
        let new = new.map(|(name, secret)| (name.to_owned(), secret.0));
        let unfinished = dir.join("keys.next.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(failed(&unfinished))?;
        }
        put_files_into(&unfinished, &kept.chain(new).collect::<Vec<_>>())?;
        fs::rename(&unfinished, &next).map_err(failed(&next))?;
        sync_directory(dir)?;
    }
    let node = SecretKey::from_seed(read(&next.join(name::NODE))?.as_bytes());
    let sealing = SealingSecret::from_seed(read(&next.join(name::SEALING))?.as_bytes());
    Ok(Prepared { node, sealing })
}

/// Puts the prepared keys in the place of the present ones, which are kept beside them.
///
/// # Errors
/// [`KeysError`].
pub fn put_in_place(dir: &Path, epoch: u32, certificate: &[u8]) -> Result<(), KeysError> {
    let path = dir.join(CERTIFICATE);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(certificate)?;
        file.sync_all()
    });
    written.map_err(failed(&path))?;
    sync_directory(dir)?;
    let (keys, before) = (dir.join("keys"), dir.join(format!("keys.before-epoch-{epoch}")));
    fs::rename(&keys, &before).map_err(failed(&keys))?;
    sync_directory(dir)?;
    finish_change(dir)
}

/// Finishes a change of keys that was interrupted after its epoch was open.
///
/// # Errors
/// [`KeysError::Io`].
pub fn finish_change(dir: &Path) -> Result<(), KeysError> {
    let (keys, next, certificate) = (dir.join("keys"), dir.join(NEXT), dir.join(CERTIFICATE));
    if !certificate.exists() {
        return Ok(());
    }
    if next.exists() && !keys.exists() {
        fs::rename(&next, &keys).map_err(failed(&next))?;
        sync_directory(dir)?;
    }
    if !next.exists() {
        fs::rename(&certificate, dir.join("certificate")).map_err(failed(&certificate))?;
        sync_directory(dir)?;
    }
    Ok(())
}

/// Reads the identity key, from its own file if it is kept elsewhere.
///
/// # Errors
/// [`KeysError::Missing`] if it is not there.
pub fn identity_in(dir: &Path, file: Option<&Path>) -> Result<SecretKey, KeysError> {
    let own = dir.join("keys").join(name::IDENTITY);
    Ok(SecretKey::from_seed(read(file.unwrap_or(&own))?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_take_their_place_once_and_a_crash_in_between_is_finished() {
        for crash in [false, true] {
            let home = tempfile::tempdir().expect("a temporary directory");
            let dir = home.path();
            let old = Keys::create(dir).expect("empty");
            let made = prepare(dir).expect("room");
            let again = prepare(dir).expect("they are there");
            assert_eq!(made.node.to_seed(), again.node.to_seed());
            assert_eq!(Keys::load(dir).expect("untouched").node.to_seed(), old.node.to_seed());
            finish_change(dir).expect("nothing to finish");
            assert!(dir.join(NEXT).exists(), "before the epoch is open nothing moves");
            if crash {
                fs::write(dir.join(CERTIFICATE), b"new").expect("our own directory");
                fs::rename(dir.join("keys"), dir.join("keys.before-epoch-1")).expect("it is there");
                finish_change(dir).expect("room");
            } else {
                put_in_place(dir, 1, b"new").expect("room");
            }
            let new = Keys::load(dir).expect("they are in place");
            assert_eq!(new.node.to_seed(), made.node.to_seed());
            assert_eq!(new.sealing_before, Some(old.sealing));
            assert_eq!((new.salts, new.pseudonyms), (old.salts, old.pseudonyms));
            assert_eq!(
                new.identity.map(|key| key.to_seed()),
                old.identity.map(|key| key.to_seed())
            );
            assert_eq!(fs::read(dir.join("certificate")).expect("new"), b"new");
            assert!(dir.join("keys.before-epoch-1").join(name::NODE).exists());
            assert!(!dir.join(NEXT).exists() && !dir.join(CERTIFICATE).exists());
        }
    }
}
