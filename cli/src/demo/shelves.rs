//! The vendors: recorded, approved, with a secret for their tills and a sheet in the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crdt::BasisPoints;
use ledger::answer::ProductInfo;
use ledger::{Answer, Command};
use node::http::till_digest;

use super::fixtures::{Place, Vendor, rate};
use super::house::House;
use super::play::{Play, Stall};
use super::teller::table;
use super::waits::until;
use crate::failure::Failure;
use crate::output::or_dash;
use crate::resolve::unexpected;
use crate::till::new_secret;

/// Products that are shown of each rate.
const SHOWN: usize = 2;

/// Approves the vendors and fills the catalogue, which all three caisses then hold.
pub async fn fill(play: &mut Play) -> Result<(), Failure> {
    let [one, two, three] = Place::ALL;
    let stalls = tokio::try_join!(open(play, one), open(play, two), open(play, three))?;
    play.stalls = stalls.into();
    let wanted: usize = Place::ALL.map(|place| products(play, place)).iter().sum();
    let mut catalogues = Vec::new();
    for house in &play.houses {
        let whole = until("everyone holds the whole catalogue", async || {
            let catalogue = house.catalogue().await?;
            Ok((catalogue.len() >= wanted).then_some(catalogue))
        });
        let mut catalogue = whole.await?;
        catalogue.sort_by(|one, other| one.product.code.cmp(&other.product.code));
        catalogues.push(catalogue);
    }
    for (catalogue, house) in catalogues.iter().zip(&play.houses) {
        let claim = format!("each caisse holds the same catalogue of {wanted} products");
        play.checks.holds(&claim, *catalogue == catalogues[0], || house.place.name().to_owned());
    }
    show(play, &catalogues[0]);
    Ok(())
}

/// Returns how many products the vendors of a caisse sell.
pub fn products(play: &Play, place: Place) -> usize {
    play.fixtures.of(place).vendors.iter().map(|vendor| vendor.products.len()).sum()
}

async fn open(play: &Play, place: Place) -> Result<Vec<Stall>, Failure> {
    let mut stalls = Vec::new();
    for (number, vendor) in play.fixtures.of(place).vendors.iter().enumerate() {
        let file = play.dir().join(format!("{}-till-{}.secret", place.key(), number + 1));
        stalls.push(stall(play.house(place), vendor, file).await?);
    }
    Ok(stalls)
}

async fn stall(house: &House, vendor: &Vendor, file: PathBuf) -> Result<Stall, Failure> {
    let secret = new_secret()?;
    keep(&secret, &file).map_err(|why| Failure::Failed(format!("{}: {why}", file.display())))?;
    let command = Command::AddVendor {
        name: vendor.name.clone(),
        commune: vendor.commune.clone(),
        kind: vendor.kind.clone(),
        till: Some(till_digest(&secret)),
    };
    let Answer::VendorAdded(id) = house.done(&command).await? else {
        return Err(unexpected());
    };
    let reason = "Décision du comité de la démonstration".to_owned();
    let coverage = rate(vendor.percent);
    house.done(&Command::ApproveVendor { vendor: id, coverage, reason }).await?;
    let products = vendor.products.clone();
    house.done(&Command::PutProducts { vendor: id, products }).await?;
    Ok(Stall { id, secret, file })
}

/// Writes a till's secret to a file that only its owner can read.
fn keep(secret: &str, file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(file, "{secret}")
}

fn show(play: &mut Play, catalogue: &[ProductInfo]) {
    let mut by_rate: BTreeMap<Option<BasisPoints>, Vec<&ProductInfo>> = BTreeMap::new();
    for info in catalogue {
        by_rate.entry(info.product.coverage).or_default().push(info);
    }
    let columns = [">rate", ">products", "for example", "CIQUAL", ">gCO2e/kg", ">euros/kg"];
    let mut rows = table(&columns);
    for (coverage, of_rate) in by_rate.iter().rev() {
        for (number, info) in of_rate.iter().take(SHOWN).enumerate() {
            let once = |text: String| if number == 0 { text } else { String::new() };
            rows.add_row([
                once(or_dash(*coverage)),
                once(of_rate.len().to_string()),
                info.product.name.clone(),
                or_dash(info.product.ciqual.as_ref()),
                or_dash(info.product.climate_g_co2e_per_kg),
                or_dash(info.product.price),
            ]);
        }
    }
    play.teller.table(&rows);
    let vendors = Place::ALL.iter().flat_map(|place| &play.fixtures.of(*place).vendors);
    let communes: BTreeSet<&str> = vendors.clone().map(|vendor| vendor.commune.as_str()).collect();
    play.teller.detail(format!(
        "{} vendors in {} communes, each approved by its caisse's committee at 100, 70 or 30 %.",
        vendors.count(),
        communes.len()
    ));
    play.teller.detail(
        "Names, codes and climate figures are those of AGRIBALYSE 3.1.1 (ADEME); vendors, prices and rates\n\
         are invented. The rates of products are for members to see; what a till covers today is the rate of\n\
         its vendor.",
    );
    let rates: Vec<BasisPoints> = by_rate.into_keys().flatten().collect();
    let claim = "products are covered at 30, 70 and 100 %";
    play.checks.equal(claim, "the catalogue", &rates, &vec![rate(30), rate(70), rate(100)]);
}
