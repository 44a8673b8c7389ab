//! The sections of the file as it is written. Every value keeps its place, so that what is wrong only
//! beside another value is named with its line too.

use std::collections::BTreeMap;

use crdt::agreement::{Eligibility, Eligible, Terms};
use crdt::{BasisPoints, Cents, Duration};
use ledger::offline::OfflineSettings;
use ledger::state::PaymentSettings;
use serde::Deserialize;
use toml::Spanned;

use super::accounting::{ChartSection, ReceiptsSection, Siren};
use super::error::Misfit;
use super::network::NetworkSection;
use super::rules::RulesSection;
use super::values::{Euros, HttpAddress, Percent, Text, Texts, TimeZone, UpTo};

/// Hours of the longest lock of a card: a month; a card out of use for longer is replaced.
const MOST_LOCK_HOURS: u32 = 24 * 31;

/// Wrong codes at most before a card is locked: a code has four digits, and luck must stay rare.
const MOST_CODE_ATTEMPTS: u32 = 10;

/// Milliseconds of the longest wait for a home caisse: nobody waits longer at a till.
const MOST_DECISION_MS: u32 = 60_000;

/// Days at most between two settlements: a debt that is not looked at for a year is forgotten.
const MOST_RHYTHM_DAYS: u32 = 366;

/// Days at most after which a last reminder is due: what is older is talked about.
const MOST_REMINDER_DAYS: u32 = 366;

/// Reminders of one contribution at most: more would be harassment.
const MOST_REMINDERS: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub caisse: CaisseSection,
    pub rules: RulesSection,
    #[serde(default)]
    pub cards: CardsSection,
    #[serde(default)]
    pub payments: PaymentsSection,
    #[serde(default)]
    pub offline: OfflineSection,
    #[serde(default)]
    pub chart: ChartSection,
    #[serde(default)]
    pub receipts: ReceiptsSection,
    #[serde(default)]
    pub dunning: DunningSection,
    #[serde(default)]
    pub visits: VisitsSection,
    #[serde(default)]
    pub agreement: AgreementSection,
    #[serde(default)]
    pub node: NodeSection,
    #[serde(default)]
    pub network: NetworkSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaisseSection {
    pub name: Text,
    pub territory: Texts,
    pub siren: Option<Siren>,
    #[serde(default)]
    pub time_zone: TimeZone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CardsSection {
    code_attempts: UpTo<MOST_CODE_ATTEMPTS>,
    code_lock_hours: UpTo<MOST_LOCK_HOURS>,
}

impl Default for CardsSection {
    fn default() -> Self {
        Self { code_attempts: UpTo(4), code_lock_hours: UpTo(24) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PaymentsSection {
    decision_ms: UpTo<MOST_DECISION_MS>,
}

impl Default for PaymentsSection {
    fn default() -> Self {
        Self { decision_ms: UpTo(6_000) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OfflineSection {
    recovery_percent: UpTo<100>,
}

impl Default for OfflineSection {
    fn default() -> Self {
        Self { recovery_percent: UpTo(25) }
    }
}

impl OfflineSection {
    fn read(&self) -> OfflineSettings {
        let points = u16::try_from(self.recovery_percent.0.saturating_mul(100));
        let recovery = points.ok().and_then(|points| BasisPoints::new(points).ok());
        recovery.map_or_else(OfflineSettings::default, |recovery| OfflineSettings { recovery })
    }
}

/// Returns how payments are decided.
pub(super) fn payments_of(
    cards: &CardsSection,
    payments: &PaymentsSection,
    offline: &OfflineSection,
) -> PaymentSettings {
    PaymentSettings {
        decision: Duration::from_ms(payments.decision_ms.0),
        code_attempts: cards.code_attempts.0,
        code_lock: Duration::from_ms(cards.code_lock_hours.0 * 3_600_000),
        offline: offline.read(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DunningSection {
    pub after_days: RisingDays,
}

impl Default for DunningSection {
    fn default() -> Self {
        Self {
            after_days: RisingDays(Spanned::new(
                0..0,
                ledger::dunning::AFTER_DAYS.map(u32::from).map(UpTo).to_vec(),
            )),
        }
    }
}

/// Days of reminders, from the first to the last.
#[derive(Deserialize)]
pub(super) struct RisingDays(Spanned<Vec<UpTo<MOST_REMINDER_DAYS>>>);

impl RisingDays {
    /// Returns the days, each later than the one before.
    pub(super) fn read(&self) -> Result<Vec<u16>, Misfit> {
        let days: Vec<u16> =
            self.0.get_ref().iter().filter_map(|days| u16::try_from(days.0).ok()).collect();
        let rising = days.windows(2).all(|pair| pair[0] < pair[1]);
        if rising && days.len() <= MOST_REMINDERS {
            return Ok(days);
        }
        Err(Misfit {
            span: self.0.span(),
            message: format!("the days of reminders rise, and there are at most {MOST_REMINDERS}"),
            help: "write them from the first to the last, such as [10, 25, 45]".to_owned(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AgreementSection {
    eligibility: Eligibility,
    coverage_max_percent: Percent,
    per_payment: Euros,
    per_month: Euros,
    ceiling: Euros,
    floor: Euros,
    rhythm_days: UpTo<MOST_RHYTHM_DAYS>,
}

impl Default for AgreementSection {
    fn default() -> Self {
        let euros = |euros: u32| Euros(Cents::from_u32(euros * 100));
        Self {
            eligibility: Eligibility::Host,
            coverage_max_percent: Percent::WHOLE,
            per_payment: euros(50),
            per_month: euros(150),
            ceiling: euros(2_000),
            floor: euros(0),
            rhythm_days: UpTo(30),
        }
    }
}

impl AgreementSection {
    /// Returns the terms as the federation knows them.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            eligibility: self.eligibility,
            coverage_max: self.coverage_max_percent.0,
            per_payment: self.per_payment.0,
            per_month: self.per_month.0,
            ceiling: self.ceiling.0,
            floor: self.floor.0,
            rhythm_days: u16::try_from(self.rhythm_days.0).unwrap_or(u16::MAX),
        }
    }
}

/// What is eligible when members buy elsewhere: a rate by the kind of vendor, and one for all other kinds.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VisitsSection {
    kinds: Option<Spanned<BTreeMap<String, Percent>>>,
    other_percent: Option<Percent>,
}

impl VisitsSection {
    /// Returns the rule that is published, if there is one.
    pub(super) fn read(self) -> Result<Option<Eligible>, Misfit> {
        let span = self.kinds.as_ref().map_or(0..0, Spanned::span);
        let kinds = self.kinds.map(Spanned::into_inner).unwrap_or_default();
        let kinds = kinds.into_iter().map(|(kind, rate)| (kind, rate.0));
        let eligible = Eligible::new(kinds, self.other_percent.map(|rate| rate.0));
        let eligible = eligible.ok_or_else(|| Misfit {
            span,
            message: format!(
                "there are at most {} kinds of vendors, of 1 to {} characters each",
                crdt::limits::ELIGIBLE_KINDS,
                crdt::limits::TEXT_CHARS
            ),
            help: "write them as kinds = { \"market stall\" = \"70\" }".to_owned(),
        })?;
        Ok(Some(eligible).filter(|eligible| *eligible != Eligible::default()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NodeSection {
    pub listen: Texts,
    pub addresses: Texts,
    pub http: HttpAddress,
}

impl Default for NodeSection {
    fn default() -> Self {
        let listen = ["/ip4/0.0.0.0/tcp/7447", "/ip4/0.0.0.0/udp/7447/quic-v1"];
        let listen = listen.map(|address| Spanned::new(0..0, address.to_owned())).to_vec();
        Self {
            listen: Spanned::new(0..0, listen),
            addresses: Spanned::new(0..0, Vec::new()),
            http: HttpAddress(([127, 0, 0, 1], 7448).into()),
        }
    }
}
