//! Values as people write them. A message and what to do are parted by ` | `.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crdt::{BasisPoints, Cents};
use ledger::calendar::Zone;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::Misfit;

/// An amount of euros: `"12.50"` or a whole number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Euros(pub Cents);

/// A rate: `"70"`, `"12.5"` or a whole number of percent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Percent(pub BasisPoints);

impl Percent {
    pub const WHOLE: Self = Self(BasisPoints::WHOLE);
}

/// Reads `"12.50"` or a whole number as hundredths; a number with a point is refused, for a computer
/// does not keep it exactly.
struct Hundredths(Form);

struct Form {
    what: &'static str,
    help: &'static str,
}

impl Visitor<'_> for Hundredths {
    type Value = Cents;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cents, E> {
        text.parse().map_err(|why| E::custom(format!("{text:?}: {why} | {}", self.0.help)))
    }

    fn visit_i64<E: Error>(self, whole: i64) -> Result<Cents, E> {
        let hundredths = u64::try_from(whole).ok().and_then(|whole| whole.checked_mul(100));
        let amount = hundredths.and_then(|hundredths| Cents::new(hundredths).ok());
        amount
            .ok_or_else(|| E::custom(format!("{whole} is negative or too large | {}", self.0.help)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Cents, E> {
        Err(E::custom(format!("{number} is not exact | write it in quotes: \"{number:.2}\"")))
    }
}

impl<'de> Deserialize<'de> for Euros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Hundredths(Form {
            what: "an amount of euros such as \"12.50\"",
            help: "write an amount of euros as \"12.50\"",
        });
        deserializer.deserialize_any(visitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Hundredths(Form {
            what: "a rate in percent such as \"70\" or \"12.5\"",
            help: "write a rate in percent as \"70\" or \"12.5\"",
        });
        let points = deserializer.deserialize_any(visitor)?.get();
        let rate = u16::try_from(points).ok().and_then(|points| BasisPoints::new(points).ok());
        rate.map(Self).ok_or_else(|| D::Error::custom("a rate above 100 % | write at most 100"))
    }
}

/// A text of 1 to 200 characters.
#[derive(Clone, Debug)]
pub(super) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let most = ledger::limits::TEXT_CHARS;
        if text.trim().is_empty() || text.chars().count() > most {
            let message =
                format!("a text of 1 to {most} characters is needed | shorten or fill it");
            return Err(D::Error::custom(message));
        }
        Ok(Self(text))
    }
}

/// A whole number from 1 to `MOST`.
#[derive(Clone, Copy, Debug)]
pub(super) struct UpTo<const MOST: u32>(pub u32);

impl<'de, const MOST: u32> Deserialize<'de> for UpTo<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number::<MOST>).map(Self)
    }
}

struct Number<const MOST: u32>;

impl<const MOST: u32> Visitor<'_> for Number<MOST> {
    type Value = u32;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a whole number from 1 to {MOST}, without quotes")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        match u32::try_from(number) {
            Ok(number) if (1..=MOST).contains(&number) => Ok(number),
            _ => Err(E::custom(format!(
                "{number} is not within bounds | write a whole number from 1 to {MOST}"
            ))),
        }
    }
}

fn is_insee(code: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((department, rest)) = code.split_at_checked(2) else { return false };
    code.len() == 5 && (digits(department) || ["2A", "2B"].contains(&department)) && digits(rest)
}

/// A list of texts, each with its place.
pub(super) type Texts = Spanned<Vec<Spanned<String>>>;

/// Returns the codes of a territory, each once.
///
/// # Errors
/// [`Misfit`] with the place of the first code that is none or is there twice, or of the list if it is
/// empty or too long.
pub(super) fn communes(written: Texts) -> Result<Vec<String>, Misfit> {
    let most = crdt::limits::TERRITORY;
    let span = written.span();
    let written = written.into_inner();
    if written.is_empty() || written.len() > most {
        let message = format!("1 to {most} communes are needed, here are {}", written.len());
        return Err(Misfit { span, message, help: "give the INSEE codes of yours".to_owned() });
    }
    let mut seen = BTreeSet::new();
    for commune in &written {
        let (code, span) = (commune.get_ref(), commune.span());
        if !is_insee(code) {
            let message = format!("{code:?} is not an INSEE code of a commune");
            let help = "it has five digits (2A or 2B first in Corsica), and is not the postal code";
            return Err(Misfit { span, message, help: help.to_owned() });
        }
        if !seen.insert(code) {
            let message = format!("commune {code} is there twice");
            return Err(Misfit { span, message, help: "remove one".to_owned() });
        }
    }
    Ok(written.into_iter().map(Spanned::into_inner).collect())
}

/// Returns a node's addresses, as multiaddresses such as `/ip4/192.0.2.1/tcp/7447`.
///
/// # Errors
/// [`Misfit`] with the place of the first that is none, or of the list if it is too long.
pub(super) fn addresses(written: Texts) -> Result<Vec<String>, Misfit> {
    let most = crdt::limits::ADDRESSES;
    let span = written.span();
    let written = written.into_inner();
    if written.len() > most {
        let message = format!("a node has at most {most} addresses, here are {}", written.len());
        return Err(Misfit { span, message, help: "remove some".to_owned() });
    }
    for address in &written {
        let text = address.get_ref();
        crate::network::check_address(text).map_err(|why| Misfit {
            span: address.span(),
            message: format!("{text:?}: {why}"),
            help: "write it as \"/ip4/0.0.0.0/tcp/7447\"".to_owned(),
        })?;
    }
    Ok(written.into_iter().map(Spanned::into_inner).collect())
}

/// An address of this machine and a port.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpAddress(pub SocketAddr);

impl<'de> Deserialize<'de> for HttpAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            let help = "write it as \"127.0.0.1:7448\"";
            D::Error::custom(format!("{text:?} is not an address and a port | {help}"))
        })
    }
}

/// The name of a time zone.
#[derive(Clone, Debug)]
pub(super) struct TimeZone(pub Zone);

impl Default for TimeZone {
    fn default() -> Self {
        Self(Zone::paris())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Zone::named(&name).map(Self).map_err(|_| {
            let help = "write it as \"Europe/Paris\" or \"Indian/Reunion\"";
            D::Error::custom(format!("no time zone is called {name:?} | {help}"))
        })
    }
}
