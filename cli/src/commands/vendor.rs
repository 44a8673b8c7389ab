//! Vendors and the committee's decisions about them.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crdt::Digest;
use ledger::answer::VendorInfo;
use ledger::{Answer, Command, Query};

use super::Context;
use super::names::alphabetical;
use crate::args::people;
use crate::failure::Failure;
use crate::output::{Done, or_dash, short, table, talk};
use crate::resolve::{self, unexpected};
use crate::till::new_secret;

/// Characters of the shortest secret of a till that is accepted: it is never typed by a person.
const SECRET_CHARS: usize = 16;

/// Records, approves or lists vendors.
pub(super) async fn vendor(context: &Context, command: people::Vendor) -> Result<Done, Failure> {
    match command {
        people::Vendor::Add { name, commune, kind, till_secret_file } => {
            let till = till_secret_file.as_deref().map(till_secret).transpose()?;
            let answer = context.command(&Command::AddVendor { name, commune, kind, till }).await?;
            let Answer::VendorAdded(id) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, format!("vendor {id}"))
        }
        people::Vendor::Approve { vendor, coverage, reason } => {
            let vendor = resolve::vendor(context, &vendor).await?;
            let command = Command::ApproveVendor { vendor, coverage, reason };
            let answer = context.command(&command).await?;
            Done::new(&answer, format!("vendor {vendor} is approved at {coverage} from now on"))
        }
        people::Vendor::Statement(asked) => super::treasury::vendor_statement(context, asked).await,
        people::Vendor::List => {
            let answer = context.query(&Query::Vendors).await?;
            let Answer::Vendors(vendors) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, list(vendors))
        }
    }
}

fn list(vendors: &[VendorInfo]) -> String {
    let mut rows = table(&["id", "name", "kind", "commune", ">coverage", ">owed to it"]);
    let mut vendors: Vec<&VendorInfo> = vendors.iter().collect();
    vendors.sort_by_key(|vendor| alphabetical(&vendor.name));
    for vendor in &vendors {
        rows.add_row([
            short(&vendor.id),
            vendor.name.clone(),
            vendor.kind.clone(),
            vendor.commune.clone(),
            or_dash(vendor.coverage),
            vendor.balance.to_string(),
        ]);
    }
    format!("{rows}\n{} vendor(s)\n", vendors.len())
}

/// Returns the hash of the secret in a file, which is made if it does not exist.
fn till_secret(path: &Path) -> Result<Digest, Failure> {
    let named = |why: std::io::Error| Failure::Misused(format!("{}: {why}", path.display()));
    let secret = match std::fs::read_to_string(path) {
        Ok(text) => text.trim().to_owned(),
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let secret = new_secret()?;
            let mut options = std::fs::OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(path);
            file.and_then(|mut file| writeln!(file, "{secret}")).map_err(named)?;
            talk(&format!("made a secret for the till in {}", path.display()));
            secret
        }
        Err(why) => return Err(named(why)),
    };
    if secret.chars().count() < SECRET_CHARS {
        return Err(Failure::Misused(format!(
            "{}: a till's secret has at least {SECRET_CHARS} characters",
            path.display()
        )));
    }
    Ok(::node::http::till_digest(&secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_till_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("till");
        let made = till_secret(&path).expect("it is made");
        assert_eq!(till_secret(&path), Ok(made));
        std::fs::write(&path, "short\n").expect("our own file");
        assert!(matches!(till_secret(&path), Err(Failure::Misused(_))));
    }
}
