//! A till: what a vendor's device does, for tools that sell as vendors do.
//!
//! It speaks to the door for tills over HTTP with its vendor's secret, asks where a card is from, and
//! seals the code of a card of another caisse, as the page on a vendor's phone does. Every sale has an
//! id of its own, so a sale of which no answer came is sent again as it is.

pub mod offline;
pub mod store;

use std::net::SocketAddr;

use crdt::card::CardText;
use crdt::key::{PublicKey, Purpose};
use crdt::{Cents, PaymentId, RequestId, VendorId, wire};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use ledger::Answer;
use ledger::answer::{CardHome, RefundReceipt, VendorInfo};
use ledger::command::{Code, PaymentCode, Purchase};
use node::http::{Offline, SignedReceipt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::client::random;
use crate::failure::Failure;

/// Bytes of an answer: a receipt, a card's home or a vendor, with room to spare.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why a till did not get what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TillFailure {
    /// The caisse refused.
    #[error("{message}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The name of the refusal, such as `insufficient_funds`.
        kind: String,
        /// The refusal in words.
        message: String,
    },
    /// Nobody listens; nothing was sent.
    #[error("no caisse answers at {address}: {why}")]
    Unreachable {
        /// Where the till looked for it.
        address: SocketAddr,
        /// The operating system's words.
        why: String,
    },
    /// No answer came, or none that this version knows: nobody knows whether it was done.
    #[error("no answer came ({why}): ask again under the same id, it is not done twice")]
    Unanswered {
        /// What happened.
        why: String,
    },
    /// The till itself cannot do it.
    #[error("{0}")]
    Failed(String),
}

impl TillFailure {
    fn unanswered(why: impl std::fmt::Display) -> Self {
        Self::Unanswered { why: why.to_string() }
    }

    /// Returns the name of the refusal, if it is one.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Refused { kind, .. } => Some(kind),
            Self::Unreachable { .. } | Self::Unanswered { .. } | Self::Failed(_) => None,
        }
    }
}

/// A sale that is ready to be sent, as often as it takes to get an answer.
// No `Debug`: it may hold a code.
#[derive(Clone)]
pub struct Sale {
    body: Value,
}

impl Sale {
    /// Takes up a sale that was stored without a network.
    #[must_use]
    pub fn stored(sale: &store::Stored) -> Self {
        let store::Stored { id, card, amount, code, .. } = sale;
        let amount = amount.to_string();
        Self { body: json!({ "id": id, "card": card, "amount": amount, "code": code }) }
    }
}

/// One device of a vendor, with one connection that it keeps.
// No `Debug`: it holds a secret.
pub struct Till {
    address: SocketAddr,
    secret: String,
    vendor: VendorInfo,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Till {
    /// Makes the till that speaks with a secret, and asks whose it is.
    ///
    /// # Errors
    /// [`TillFailure`].
    pub async fn pair(address: SocketAddr, secret: &str) -> Result<Self, TillFailure> {
        let mut line = Line { address, secret, connection: None };
        let vendor = line.ask(Method::GET, "/v1/vendor", None).await?;
        let connection = line.connection;
        Ok(Self { address, secret: secret.to_owned(), vendor, connection })
    }

    /// Returns another device of the same vendor.
    #[must_use]
    pub fn another(&self) -> Self {
        let (secret, vendor) = (self.secret.clone(), self.vendor.clone());
        Self { address: self.address, secret, vendor, connection: None }
    }

    /// Returns the vendor, as it was when the till was paired.
    #[must_use]
    pub const fn vendor(&self) -> &VendorInfo {
        &self.vendor
    }

    /// Asks for what the till keeps for the time without a network.
    ///
    /// # Errors
    /// [`TillFailure`].
    pub async fn offline(&mut self) -> Result<Offline, TillFailure> {
        let connection = self.connection.take();
        let mut line = Line { address: self.address, secret: &self.secret, connection };
        let answer = line.ask(Method::GET, "/v1/offline", None).await;
        self.connection = line.connection;
        answer
    }

    /// Reads a card: where it is from, and how its code must travel.
    ///
    /// # Errors
    /// [`TillFailure`].
    pub async fn scan(&mut self, card: &CardText) -> Result<CardHome, TillFailure> {
        match self.post("/v1/card-home", &json!({ "card": card })).await? {
            Answer::CardHome(home) => Ok(home),
            _ => Err(TillFailure::unanswered("it is not the home of a card")),
        }
    }

    /// Makes a sale with a card that was read and the code that the member typed.
    ///
    /// # Errors
    /// [`TillFailure::Failed`] if the code cannot be sealed.
    pub fn sale(
        &self,
        payment: PaymentId,
        card: &CardText,
        home: &CardHome,
        amount: Cents,
        code: &Code,
    ) -> Result<Sale, TillFailure> {
        let code = code_for(home, code, payment, self.vendor.id, &amount.into());
        let code = code.map_err(|why| TillFailure::Failed(why.to_string()))?;
        let amount = amount.to_string();
        Ok(Sale { body: json!({ "id": payment, "card": card, "amount": amount, "code": code }) })
    }

    /// Sends a sale. The same sale is never charged twice.
    ///
    /// # Errors
    /// [`TillFailure`].
    pub async fn pay(&mut self, sale: &Sale) -> Result<SignedReceipt, TillFailure> {
        self.post("/v1/payments", &sale.body).await
    }

    /// Gives back what a payment covered, or a part of it.
    ///
    /// # Errors
    /// [`TillFailure`].
    pub async fn refund(
        &mut self,
        refund: PaymentId,
        payment: PaymentId,
        amount: Option<Cents>,
    ) -> Result<RefundReceipt, TillFailure> {
        let mut body = json!({ "id": refund, "payment": payment });
        if let Some(amount) = amount {
            body["amount"] = json!(amount.to_string());
        }
        match self.post("/v1/refunds", &body).await? {
            Answer::Refunded(receipt) => Ok(receipt),
            _ => Err(TillFailure::unanswered("it is not a refund")),
        }
    }

    async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &Value,
    ) -> Result<T, TillFailure> {
        let connection = self.connection.take();
        let mut line = Line { address: self.address, secret: &self.secret, connection };
        let answer = line.ask(Method::POST, path, Some(body)).await;
        self.connection = line.connection;
        answer
    }
}

/// Returns a new secret for a till: two ids of 128 random bits, written as text.
///
/// # Errors
/// [`Failure::Failed`] if the operating system gives no chance.
pub fn new_secret() -> Result<String, Failure> {
    Ok(format!("{}{}", RequestId::new(random()?), RequestId::new(random()?)))
}

/// Returns a code as it travels: plain to the card's own caisse, else sealed to it, for this sale only,
/// so that the vendor's caisse never learns it.
///
/// # Errors
/// [`Failure::Failed`] if the card's caisse has no key to which a code can be sealed.
pub fn code_for(
    home: &CardHome,
    code: &Code,
    payment: PaymentId,
    vendor: VendorId,
    purchase: &Purchase,
) -> Result<PaymentCode, Failure> {
    let Some(key) = home.seal_to else {
        return Ok(PaymentCode::Plain(code.clone()));
    };
    let request = purchase.request(payment, home.card, vendor);
    let sealed = key.seal(code.digits(), &payment, &request, random()?);
    let sealed = sealed.map_err(|_| {
        Failure::Failed("the card's caisse has a key to which no code can be sealed".to_owned())
    })?;
    Ok(PaymentCode::Sealed(sealed))
}

/// Returns whether a caisse's node signed a receipt.
#[must_use]
pub fn is_signed_by(signed: &SignedReceipt, node: &PublicKey) -> bool {
    let receipt = wire::encode(&signed.receipt);
    node.verify(Purpose::Receipt, &receipt, &signed.signature).is_ok()
}

/// A connection to the door for tills, opened when it is needed.
struct Line<'a> {
    address: SocketAddr,
    secret: &'a str,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Line<'_> {
    async fn ask<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, TillFailure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.secret))
            .body(Full::new(Bytes::from(body)))
            .map_err(|why| TillFailure::Failed(why.to_string()))?;
        let (status, bytes) = self.send(request).await?;
        if status != StatusCode::OK {
            return Err(refusal(status, &bytes));
        }
        serde_json::from_slice(&bytes).map_err(TillFailure::unanswered)
    }

    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), TillFailure> {
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let answer = connection.send_request(request).await.map_err(TillFailure::unanswered)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(TillFailure::unanswered)?.to_bytes();
        self.connection = Some(connection);
        Ok((status, body))
    }

    /// Returns the connection of the last request, unless it was closed meanwhile.
    async fn kept(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut connection = self.connection.take()?;
        connection.ready().await.is_ok().then_some(connection)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, TillFailure> {
        let address = self.address;
        let unreachable = |why: String| TillFailure::Unreachable { address, why };
        let stream =
            TcpStream::connect(address).await.map_err(|why| unreachable(why.to_string()))?;
        // A sale is one small packet each way; it must not wait for more to be sent with it.
        stream.set_nodelay(true).map_err(|why| unreachable(why.to_string()))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|why| unreachable(why.to_string()))?;
        // It ends when the till lets go of its half.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Reads `{"refused": {"kind": …, "message": …}}`.
fn refusal(status: StatusCode, bytes: &[u8]) -> TillFailure {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let word = |name: &str| value["refused"][name].as_str().map(str::to_owned);
    match (word("kind"), word("message")) {
        (Some(kind), Some(message)) => {
            TillFailure::Refused { status: status.as_u16(), kind, message }
        }
        _ => TillFailure::unanswered(format!("{status}: {}", String::from_utf8_lossy(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::CaisseId;
    use crdt::card::card_id;
    use crdt::seal::SealingSecret;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[test]
    fn a_code_travels_plain_at_home_and_sealed_to_another_caisse() {
        let (secret, caisse) = (SealingSecret::from_seed(&[1; 32]), CaisseId::new([7; 32]));
        let home = CardHome {
            card: card_id(&caisse, [1; 6]),
            home: caisse,
            seal_to: None,
            degraded: None,
        };
        let code: Code = "4071".parse().expect("four digits");
        let (payment, vendor) = (PaymentId::new([2; 16]), VendorId::new([3; 16]));
        let amount = Cents::from_u32(1_250);
        let at_home = code_for(&home, &code, payment, vendor, &amount.into());
        assert_eq!(at_home, Ok(PaymentCode::Plain(code.clone())));
        let away = CardHome { seal_to: Some(secret.public()), ..home };
        let Ok(PaymentCode::Sealed(sealed)) =
            code_for(&away, &code, payment, vendor, &amount.into())
        else {
            panic!("it was not sealed");
        };
        let request = Purchase::from(amount).request(payment, away.card, vendor);
        assert_eq!(secret.open(&sealed, &payment, &request), Ok(b"4071".to_vec()));
        let other = Purchase::from(Cents::from_u32(1_251)).request(payment, away.card, vendor);
        assert!(secret.open(&sealed, &payment, &other).is_err(), "it is bound to the amount");
    }

    #[test]
    fn a_refusal_is_read_and_anything_else_is_no_answer() {
        let body = br#"{"refused":{"kind":"wrong_code","message":"the code is wrong"}}"#;
        let refused = refusal(StatusCode::PAYMENT_REQUIRED, body);
        assert_eq!(refused.kind(), Some("wrong_code"));
        assert_eq!(refused.to_string(), "the code is wrong");
        let broken = refusal(StatusCode::BAD_GATEWAY, b"<html>");
        assert!(matches!(broken, TillFailure::Unanswered { .. }), "{broken:?}");
    }

    /// Answers every request on every connection with the same JSON, and counts connections.
    async fn door(json: String, most: usize) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let json = json.clone();
                tokio::spawn(async move {
                    let mut read = [0; 4096];
                    for _ in 0..most {
                        // A request of this test fits one packet.
                        if stream.read(&mut read).await.unwrap_or(0) == 0 {
                            return;
                        }
                        let length = json.len();
                        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                        let _ = stream.write_all(format!("{head}{json}").as_bytes()).await;
                    }
                });
            }
        });
        (address, connections)
    }

    fn card_home() -> (CardText, CardHome, String) {
        let caisse = CaisseId::new([7; 32]);
        let card = card_id(&caisse, [1; 6]);
        let home = CardHome { card, home: caisse, seal_to: None, degraded: None };
        let json = serde_json::to_string(&Answer::CardHome(home.clone())).expect("it is JSON");
        (CardText::Number(card), home, json)
    }

    fn till(address: SocketAddr) -> Till {
        let vendor = VendorInfo {
            id: VendorId::new([3; 16]),
            name: "Le Potager".to_owned(),
            commune: "34172".to_owned(),
            kind: "stall".to_owned(),
            coverage: None,
            balance: crdt::SignedCents::ZERO,
        };
        Till { address, secret: "secret".to_owned(), vendor, connection: None }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_till_keeps_its_connection_and_opens_another_when_it_is_closed() {
        let (card, home, json) = card_home();
        for (most, expected) in [(usize::MAX, 1), (20, 5)] {
            let (address, connections) = door(json.clone(), most).await;
            let mut till = till(address);
            for turn in 0..100 {
                let mut found = till.scan(&card).await;
                if let Err(TillFailure::Unanswered { .. }) = found {
                    // The door closed at the very moment: that is what asking again is for.
                    found = till.scan(&card).await;
                }
                assert_eq!(found, Ok(home.clone()), "request {turn}");
            }
            assert_eq!(connections.load(Ordering::Relaxed), expected);
        }
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_sent() {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = free.local_addr().expect("it listens");
        drop(free);
        let nobody = Till::pair(address, "secret").await.map(|till| till.vendor().id);
        assert!(matches!(nobody, Err(TillFailure::Unreachable { .. })), "{nobody:?}");
    }
}
