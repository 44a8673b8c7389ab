//! The door for tills: a till speaks with its vendor's secret, and for its own vendor only.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use crdt::card::CardText;
use crdt::key::{Purpose, Signature};
use crdt::revocation::RevocationList;
use crdt::{Cents, Digest, PaymentId, RequestId, VendorId, wire};
use ledger::answer::{CardAnswer, Receipt, VendorInfo};
use ledger::command::{BasketLine, CardQuery, PayIntent, PaymentCode, Purchase};
use ledger::refused::{PaymentRefused, RefundRefused};
use ledger::rules::Percent;
use ledger::{Answer, Command, Refused};
use serde::{Deserialize, Serialize};

use super::{Doors, till_digest};

/// The vendor for whom a till speaks, and the hash of the secret by which it is known.
pub(super) struct Till {
    vendor: VendorId,
    pub(super) secret: Digest,
}

/// What a till asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sale {
    id: PaymentId,
    card: CardText,
    #[serde(deserialize_with = "euros")]
    amount: Cents,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    partial: bool,
    tier_percent: Option<Percent>,
    code: PaymentCode,
}

/// A line of a basket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    product: String,
    #[serde(deserialize_with = "euros")]
    amount: Cents,
}

/// What a till gives back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GiveBack {
    id: PaymentId,
    payment: PaymentId,
    #[serde(default, deserialize_with = "some_euros")]
    amount: Option<Cents>,
}

/// Reads an amount as people write it: `"12.50"`. A JSON number is refused: it is not exact.
fn euros<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn some_euros<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cents>, D::Error> {
    euros(deserializer).map(Some)
}

/// A receipt that the member can show to anyone: signed by the vendor's caisse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// What was paid.
    pub receipt: Receipt,
    /// The node key's signature over the encoded receipt.
    pub signature: Signature,
}

/// Why a till gets no answer, as JSON: `{"refused": {"kind": …, "message": …}}`.
pub(super) struct Failure {
    status: StatusCode,
    kind: String,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.to_owned(), message: message.into() }
    }

    fn stopping<E>(_: E) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the caisse is stopping")
    }

    fn unauthorised() -> Self {
        let message = "a till needs the header `Authorization: Bearer SECRET`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", message)
    }
}

impl From<JsonRejection> for Failure {
    fn from(why: JsonRejection) -> Self {
        Self::new(why.status(), "malformed", why.body_text())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let status = match &refused {
            Refused::Conflict
            | Refused::Payment(PaymentRefused::Conflict)
            | Refused::Refund(RefundRefused::Conflict) => StatusCode::CONFLICT,
            Refused::NotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::PAYMENT_REQUIRED,
        };
        Self::new(status, &kind_of(&refused), refused.to_string())
    }
}

/// Returns the name of a refusal's variant, such as `insufficient_funds`.
fn kind_of(refused: &Refused) -> String {
    let mut value = serde_json::to_value(refused).unwrap_or_default();
    let mut kind = String::from("refused");
    // The names nest: the operation, its refusal, and for a denial the reason.
    loop {
        value = match value {
            serde_json::Value::String(name) => return name,
            serde_json::Value::Object(map) => match map.into_iter().next() {
                Some((name, inner)) if inner.is_object() || inner.is_string() => {
                    kind = name;
                    inner
                }
                Some((name, _)) if kind == "refused" => return name,
                Some(_) | None => return kind,
            },
            _ => return kind,
        };
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let refused = serde_json::json!({ "kind": self.kind, "message": self.message });
        (self.status, Json(serde_json::json!({ "refused": refused }))).into_response()
    }
}

impl FromRequestParts<Doors> for Till {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Failure> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = header.and_then(|value| value.strip_prefix("Bearer "));
        let secret = till_digest(secret.ok_or_else(Failure::unauthorised)?);
        if let Some(vendor) = doors.known.till(&secret) {
            return Ok(Self { vendor, secret });
        }
        let vendor = vendor_of(doors, secret).await?.id;
        doors.known.remember_till(secret, vendor);
        Ok(Self { vendor, secret })
    }
}

pub(super) async fn vendor_of(doors: &Doors, secret: Digest) -> Result<VendorInfo, Failure> {
    let found = doors.machine.query(ledger::Query::Till(secret)).await;
    match found.map_err(Failure::stopping)? {
        Ok(Answer::Vendors(vendors)) => vendors.into_iter().next(),
        Ok(_) | Err(_) => None,
    }
    .ok_or_else(Failure::unauthorised)
}

/// Reads a card; one whose signature holds is checked once and then known by its number.
fn checked(doors: &Doors, card: CardText) -> CardText {
    let partners = doors.machine.keyring();
    doors.known.checked(card, &doors.node.public(), partners.as_deref())
}

fn new_request() -> Result<RequestId, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Failure::stopping)?;
    Ok(RequestId::new(bytes))
}

async fn ask(doors: &Doors, command: Command) -> Result<Answer, Failure> {
    let outcome = doors.machine.command(new_request()?, command).await;
    Ok(outcome.map_err(Failure::stopping)??)
}

pub(super) async fn question(doors: &Doors, question: ledger::Query) -> Result<Answer, Failure> {
    Ok(doors.machine.query(question).await.map_err(Failure::stopping)??)
}

/// Takes a payment; answers once it is decided and durable.
pub(super) async fn pay(
    Till { vendor, .. }: Till,
    State(doors): State<Doors>,
    sale: Result<Json<Sale>, JsonRejection>,
) -> Result<Json<SignedReceipt>, Failure> {
    let Json(Sale { id: payment, card, amount, lines, partial, tier_percent, code }) = sale?;
    let typed = matches!(card, CardText::Number(_));
    let card = checked(&doors, card);
    let scanned = !typed;
    let line = |Line { product, amount }| BasketLine { product, amount };
    let lines = lines.into_iter().map(line).collect();
    let purchase = Purchase { amount, lines, partial, tier: tier_percent };
    let intent = PayIntent { payment, card, vendor, purchase, code, scanned };
    match ask(&doors, Command::Pay(intent)).await? {
        Answer::Paid(receipt) => {
            let signature = doors.node.sign(Purpose::Receipt, &wire::encode(&receipt));
            Ok(Json(SignedReceipt { receipt, signature }))
        }
        _ => Err(Refused::NotFound.into()),
    }
}

/// Gives back what a payment of this vendor covered, or a part of it.
pub(super) async fn refund(
    Till { vendor, .. }: Till,
    State(doors): State<Doors>,
    give_back: Result<Json<GiveBack>, JsonRejection>,
) -> Result<Json<Answer>, Failure> {
    let Json(GiveBack { id, payment, amount }) = give_back?;
    let of_vendor = match question(&doors, ledger::Query::Payment(payment)).await? {
        Answer::Payment(info) => info.vendor == Some(vendor),
        _ => false,
    };
    if !of_vendor {
        return Err(Refused::Refund(RefundRefused::UnknownPayment).into());
    }
    ask(&doors, Command::Refund { id, payment, amount }).await.map(Json)
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CardOf {
    card: CardText,
}

/// Says where a card is from and to which key its code is sealed.
pub(super) async fn card_home(
    _: Till,
    State(doors): State<Doors>,
    card: Result<Json<CardOf>, JsonRejection>,
) -> Result<Json<Answer>, Failure> {
    let Json(CardOf { card }) = card?;
    let card = checked(&doors, card);
    question(&doors, ledger::Query::CardHome(card)).await.map(Json)
}

/// Lists the blocked cards, signed: a till keeps the list for the time without a network.
pub(super) async fn revoked_cards(
    _: Till,
    State(doors): State<Doors>,
) -> Result<Json<RevocationList>, Failure> {
    match question(&doors, ledger::Query::Cards(CardQuery::Revoked)).await? {
        Answer::Cards(CardAnswer::Revoked(list)) => Ok(Json(*list)),
        _ => Err(Refused::NotFound.into()),
    }
}

/// Says who the till's vendor is, at which rate it is covered, and what it is owed.
pub(super) async fn vendor(
    Till { secret, .. }: Till,
    State(doors): State<Doors>,
) -> Result<Json<VendorInfo>, Failure> {
    vendor_of(&doors, secret).await.map(Json)
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// Lists what all vendors of the federation sell; public.
pub(super) async fn catalogue(
    State(doors): State<Doors>,
    Query(Search { q }): Query<Search>,
) -> Result<Json<Answer>, Failure> {
    let text = ledger::Query::Catalogue { text: q, limit: 500 };
    question(&doors, text).await.map(Json)
}

/// Reads what a till asks for as its door does, and returns which of the three it was: a sale, money given back, or
/// a question about a card. Nothing is done; this is for those who try to break it.
///
/// # Errors
/// What a till would be told.
pub fn check_till_request(json: &[u8]) -> Result<u8, String> {
    let sale = serde_json::from_slice::<Sale>(json).map(|_| 0);
    let back = || serde_json::from_slice::<GiveBack>(json).map(|_| 1);
    let card = || serde_json::from_slice::<CardOf>(json).map(|_| 2);
    sale.or_else(|why| back().or_else(|_| card()).map_err(|_| why.to_string()))
}
