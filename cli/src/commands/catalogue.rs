//! The catalogue, and putting a vendor's products into it from a CSV file.

use std::path::Path;

use crdt::catalogue::Product;
use ledger::answer::ProductInfo;
use ledger::{Answer, Command, Query};
use serde::Deserialize;

use super::Context;
use crate::args::people::Catalogue;
use crate::args::values::percent;
use crate::failure::Failure;
use crate::output::{Done, bar, or_dash, table, talk};
use crate::resolve::{self, unexpected};

/// Products in one command: a change of this many stays well under what one entry of a feed may hold.
const PRODUCTS_AT_ONCE: usize = 500;

/// Lists, searches or imports products.
pub(super) async fn catalogue(context: &Context, command: Catalogue) -> Result<Done, Failure> {
    match command {
        Catalogue::List { limit } => search(context, String::new(), limit).await,
        Catalogue::Search { text, limit } => search(context, text, limit).await,
        Catalogue::Import { vendor, csv } => {
            let products = read(&csv)?;
            let vendor = resolve::vendor(context, &vendor).await?;
            import(context, vendor, &products).await
        }
    }
}

async fn search(context: &Context, text: String, limit: u32) -> Result<Done, Failure> {
    let answer = context.query(&Query::Catalogue { text, limit }).await?;
    let Answer::Catalogue(products) = &answer else {
        return Err(unexpected());
    };
    if products.len() == limit as usize {
        talk(&format!("there may be more than these {limit}: use --limit"));
    }
    Done::new(&answer, list(products))
}

fn list(products: &[ProductInfo]) -> String {
    let columns = ["caisse", "vendor", "code", "product", ">coverage", ">price", ">gCO2e/kg"];
    let mut rows = table(&columns);
    for info in products {
        let product = &info.product;
        rows.add_row([
            info.caisse_name.clone(),
            info.vendor_name.clone(),
            product.code.clone(),
            product.name.clone(),
            or_dash(product.coverage),
            or_dash(product.price),
            or_dash(product.climate_g_co2e_per_kg),
        ]);
    }
    format!("{rows}\n{} product(s)\n", products.len())
}

async fn import(
    context: &Context,
    vendor: crdt::VendorId,
    products: &[Product],
) -> Result<Done, Failure> {
    let whole = context.request()?;
    let progress = bar(products.len() as u64, "products");
    let mut changed = 0_u32;
    for (part, products) in (0..).zip(products.chunks(PRODUCTS_AT_ONCE)) {
        let command = Command::PutProducts { vendor, products: products.to_vec() };
        let Answer::ProductsPut(count) = context.part(whole, part, &command).await? else {
            return Err(unexpected());
        };
        changed = changed.saturating_add(count);
        progress.inc(products.len() as u64);
    }
    progress.finish_and_clear();
    let text = format!("{} product(s) read, {changed} new or changed", products.len());
    Done::new(&Answer::ProductsPut(changed), text)
}

/// A line of the file, as it stands there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    code: String,
    name: String,
    #[serde(default)]
    ciqual: String,
    #[serde(default)]
    climate_g_co2e_per_kg: String,
    #[serde(default)]
    coverage_percent: String,
    #[serde(default)]
    price: String,
}

/// Reads the whole file before anything is sent, so that a mistake changes nothing.
fn read(path: &Path) -> Result<Vec<Product>, Failure> {
    let name = path.display();
    let reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path);
    let mut reader = reader.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    let mut products = Vec::new();
    let mut lines = reader.deserialize::<Line>();
    while let Some(line) = lines.next() {
        let at = lines.reader().position().line();
        let line = line.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
        let product = product(line);
        products.push(product.map_err(|why| {
            Failure::Misused(format!("{name}:{}: {why}", at.saturating_sub(1).max(1)))
        })?);
    }
    if products.is_empty() {
        return Err(Failure::Misused(format!("{name}: there is no product in it")));
    }
    Ok(products)
}

fn product(line: Line) -> Result<Product, String> {
    let optional = |text: String| (!text.is_empty()).then_some(text);
    let climate = optional(line.climate_g_co2e_per_kg).map(|text| {
        text.parse::<u32>().map_err(|_| "climate_g_co2e_per_kg is a whole number".to_owned())
    });
    let price = optional(line.price).map(|text| text.parse::<crdt::Cents>());
    Ok(Product {
        code: line.code,
        name: line.name,
        ciqual: optional(line.ciqual),
        coverage: optional(line.coverage_percent).map(|text| percent(&text)).transpose()?,
        price: price.transpose().map_err(|why| why.to_string())?,
        climate_g_co2e_per_kg: climate.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Product>, String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("products.csv");
        std::fs::write(&path, text).expect("our own file");
        read(&path).map_err(|failure| failure.to_string())
    }

    #[test]
    fn products_are_read_with_what_is_known_of_them() {
        let text = "code,name,ciqual,climate_g_co2e_per_kg,coverage_percent,price\n\
                    P1,\"Abricot, cru\",13000,881,70,3.30\nP2,Pain,,,,\n";
        let products = read_text(text).expect("the file is sound");
        assert_eq!(products[0].name, "Abricot, cru");
        assert_eq!(products[0].coverage.map(crdt::BasisPoints::get), Some(7_000));
        assert_eq!(products[0].price.map(crdt::Cents::get), Some(330));
        assert_eq!(products[0].climate_g_co2e_per_kg, Some(881));
        assert_eq!((&products[1].ciqual, products[1].price), (&None, None));
        assert_eq!(read_text("code,name\nP1,Pain\n").map(|list| list.len()), Ok(1));
    }

    #[test]
    fn a_mistake_in_the_file_is_named_with_its_line() {
        for (text, words) in [
            ("code,name,price\nP1,Pain,1\nP2,Lait,dear\n", ":3:"),
            ("code,name,coverage_percent\nP1,Pain,101\n", "at most 100 %"),
            ("code,name,colour\nP1,Pain,red\n", "colour"),
            ("code\nP1\n", "name"),
            ("code,name\nP1,Pain,more\n", "line: 2"),
            ("code,name\n", "no product"),
            ("", "no product"),
        ] {
            let refused = read_text(text).expect_err("the file has a mistake");
            assert!(refused.contains(words), "{refused}");
        }
    }
}
