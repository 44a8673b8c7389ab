//! Values that people type and that have a form of their own.

use crdt::{BasisPoints, Cents};
use ledger::command::BasketLine;
use ledger::draw::Quota;
use ledger::rules::Percent;

/// Reads a rate in percent: `70`, `62.5` or `70%`.
///
/// # Errors
/// What is wrong with it, for people.
pub fn percent(text: &str) -> Result<BasisPoints, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    // A percent with two decimals counts basis points as a euro with two decimals counts cents.
    let points =
        number.parse::<Cents>().map_err(|_| "write a percentage as 70 or 62.5".to_owned())?;
    let points = u16::try_from(points.get()).map_err(|_| "a rate is at most 100 %".to_owned())?;
    BasisPoints::new(points).map_err(|_| "a rate is at most 100 %".to_owned())
}

/// Reads a line of a basket: `P012=3.50`.
///
/// # Errors
/// What is wrong with it, for people.
pub fn basket_line(text: &str) -> Result<BasketLine, String> {
    let form = || "write a line as PRODUCT=PRICE, such as P012=3.50".to_owned();
    let (product, amount) = text.rsplit_once('=').ok_or_else(form)?;
    let amount = amount.parse::<Cents>().map_err(|why| format!("{amount:?}: {why}"))?;
    if product.is_empty() {
        return Err(form());
    }
    Ok(BasketLine { product: product.to_owned(), amount })
}

/// Reads a tier of prices: `65`.
///
/// # Errors
/// What is wrong with it, for people.
pub fn tier(text: &str) -> Result<Percent, String> {
    let percent = text.trim_end_matches('%').trim_end().parse::<u16>();
    let percent = percent.map_err(|_| "write a share of the price as 65 or 125".to_owned())?;
    Percent::new(percent).map_err(|why| why.to_string())
}

/// Reads a quota of a draw: `commune=Lauris:3`.
///
/// # Errors
/// What is wrong with it, for people.
pub fn quota(text: &str) -> Result<Quota, String> {
    let form = || "write a quota as ATTRIBUTE=VALUE:N, such as commune=Lauris:3".to_owned();
    let (rest, seats) = text.rsplit_once(':').ok_or_else(form)?;
    let (attribute, value) = rest.split_once('=').ok_or_else(form)?;
    let seats = seats.parse().map_err(|_| format!("{seats:?} is not a number of seats"))?;
    let (attribute, value) = (attribute.trim().to_owned(), value.trim().to_owned());
    if attribute.is_empty() { Err(form()) } else { Ok(Quota { attribute, value, seats }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_as_attribute_value_and_seats() {
        let read = quota("commune=Saint-Rémy: le Haut:3").expect("it has all three");
        assert_eq!(
            (read.attribute.as_str(), read.value.as_str()),
            ("commune", "Saint-Rémy: le Haut")
        );
        assert_eq!(read.seats, 3);
        for bad in ["", "commune", "commune=Lauris", "commune:3", "=a:1", "a=b:", "a=b:-1"] {
            assert!(quota(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_rate_is_read_as_people_write_it_and_never_above_the_whole() {
        let read = |text: &str| percent(text).map(BasisPoints::get).ok();
        assert_eq!(read("70"), Some(7_000));
        assert_eq!(read("62,5"), Some(6_250));
        assert_eq!(read("100 %"), Some(10_000));
        for bad in ["", "%", "100.01", "700", "-1", "0.001", "1e2", "99999999999999999999"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
