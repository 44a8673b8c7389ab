//! Values as people write them. A message and what to do are parted by ` | `.

use std::net::SocketAddr;

use crdt::{BasisPoints, Cents};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

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
struct Hundredths(&'static str);

impl Visitor<'_> for Hundredths {
    type Value = Cents;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cents, E> {
        text.parse().map_err(|why| E::custom(format!("{text:?}: {why} | {}", self.0)))
    }

    fn visit_i64<E: Error>(self, whole: i64) -> Result<Cents, E> {
        let hundredths = u64::try_from(whole).ok().and_then(|whole| whole.checked_mul(100));
        let amount = hundredths.and_then(|hundredths| Cents::new(hundredths).ok());
        amount.ok_or_else(|| E::custom(format!("{whole} is negative or too large | {}", self.0)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Cents, E> {
        Err(E::custom(format!("{number} is not exact | write it in quotes: \"{number:.2}\"")))
    }
}

impl<'de> Deserialize<'de> for Euros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Hundredths("write an amount of euros as \"12.50\"");
        deserializer.deserialize_any(visitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Hundredths("write a rate in percent as \"70\" or \"12.5\"");
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

/// A whole number of at least one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Positive(pub u32);

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u32::try_from(number) {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err(D::Error::invalid_value(
                Unexpected::Signed(number),
                &"a whole number of at least 1",
            )),
        }
    }
}

/// INSEE codes of communes, each once.
#[derive(Clone, Debug)]
pub(super) struct Communes(pub Vec<String>);

impl<'de> Deserialize<'de> for Communes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = Vec::<String>::deserialize(deserializer)?;
        let most = crdt::limits::TERRITORY;
        if codes.is_empty() || codes.len() > most {
            let message = format!("1 to {most} communes are needed | give their INSEE codes");
            return Err(D::Error::custom(message));
        }
        for (place, code) in codes.iter().enumerate() {
            if !is_insee(code) {
                return Err(D::Error::custom(format!(
                    "{code:?} is not an INSEE code of a commune | it has five digits (2A or 2B first \
                     in Corsica), and is not the postal code"
                )));
            }
            if codes[..place].contains(code) {
                return Err(D::Error::custom(format!(
                    "commune {code} is there twice | remove one"
                )));
            }
        }
        Ok(Self(codes))
    }
}

fn is_insee(code: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((department, rest)) = code.split_at_checked(2) else { return false };
    code.len() == 5 && (digits(department) || ["2A", "2B"].contains(&department)) && digits(rest)
}

/// Addresses of libp2p, such as `/ip4/192.0.2.1/tcp/7447`.
#[derive(Clone, Debug)]
pub(super) struct MultiAddresses(pub Vec<String>);

impl<'de> Deserialize<'de> for MultiAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let addresses = Vec::<String>::deserialize(deserializer)?;
        if addresses.len() > crdt::limits::ADDRESSES {
            let most = crdt::limits::ADDRESSES;
            return Err(D::Error::custom(format!("at most {most} addresses | remove some")));
        }
        for address in &addresses {
            if let Err(why) = crate::network::check_address(address) {
                return Err(D::Error::custom(format!(
                    "{address:?}: {why} | write it as \"/ip4/0.0.0.0/tcp/7447\""
                )));
            }
        }
        Ok(Self(addresses))
    }
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
