//! A till: one connection that is kept, and made again when it broke.

use std::net::SocketAddr;

use crdt::card::CardText;
use crdt::key::Signature;
use crdt::seal::SealingKey;
use crdt::{Cents, PaymentId, VendorId};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use ledger::Answer;
use ledger::answer::{CardHome, Receipt, VendorInfo};
use ledger::command::{PaymentCode, Purchase};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::Trouble;
use crate::netns::Space;

/// No answer came: whether it was done is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct Unanswered(pub String);

/// A connection to a node's door for tills.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    authorization: Option<HeaderValue>,
    sender: Option<SendRequest<Full<Bytes>>>,
    space: Option<Space>,
}

impl Connection {
    /// Names a door; nothing is connected before the first question.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, authorization: None, sender: None, space: None }
    }

    /// Speaks from within a network of a test.
    #[must_use]
    pub fn from(self, space: Option<Space>) -> Self {
        Self { space, ..self }
    }

    /// Asks for something.
    ///
    /// # Errors
    /// [`Unanswered`] if the connection broke; the next question makes a new one.
    pub async fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes), Unanswered> {
        self.exchange(Method::GET, path, Bytes::new()).await
    }

    /// Sends something.
    ///
    /// # Errors
    /// As [`Connection::get`].
    pub async fn post(
        &mut self,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        self.exchange(Method::POST, path, body).await
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(self.address, self.space.as_ref()).await?,
        };
        let request = Request::builder().method(method).uri(path).header(HOST, "caisse");
        let request = match &self.authorization {
            Some(secret) => request.header(AUTHORIZATION, secret),
            None => request,
        };
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body));
        let request = request.map_err(|why| Unanswered(why.to_string()))?;
        let broken = |why: hyper::Error| Unanswered(why.to_string());
        sender.ready().await.map_err(broken)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(broken)?.to_bytes();
        self.sender = Some(sender);
        Ok((status, bytes))
    }
}

async fn connect(
    address: SocketAddr,
    space: Option<&Space>,
) -> Result<SendRequest<Full<Bytes>>, Unanswered> {
    let stream = match space {
        None => TcpStream::connect(address).await,
        Some(space) => space.connect(address).and_then(|stream| {
            stream.set_nonblocking(true)?;
            TcpStream::from_std(stream)
        }),
    };
    let stream = stream.map_err(|why| Unanswered(why.to_string()))?;
    // A small question must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true).map_err(|why| Unanswered(why.to_string()))?;
    let made = handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|why| Unanswered(why.to_string()))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// A sale as a till sends it. The bytes are made once: asking again sends the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The sale's own id.
    pub id: PaymentId,
    /// The whole price.
    pub amount: Cents,
    body: Bytes,
}

#[derive(Serialize)]
struct SaleBody<'a> {
    id: PaymentId,
    card: &'a CardText,
    amount: String,
    code: &'a PaymentCode,
}

impl Sale {
    /// Makes a sale from what is typed and scanned.
    ///
    /// # Panics
    /// Never: a sale is always JSON.
    #[must_use]
    pub fn new(id: PaymentId, card: &CardText, amount: Cents, code: &PaymentCode) -> Self {
        let body = SaleBody { id, card, amount: amount.to_string(), code };
        let body = serde_json::to_vec(&body).expect("a sale is JSON");
        Self { id, amount, body: Bytes::from(body) }
    }

    /// Makes a sale with a card of another caisse: its code is sealed for this sale alone.
    ///
    /// # Errors
    /// [`Trouble::Answer`] if the key is not one.
    pub fn sealed(
        id: PaymentId,
        card: &CardText,
        amount: Cents,
        vendor: VendorId,
        (key, code, random): (&SealingKey, &str, [u8; 32]),
    ) -> Result<Self, Trouble> {
        let request = Purchase::from(amount).request(id, card.card(), vendor);
        let sealed = key.seal(code.as_bytes(), &id, &request, random);
        let sealed = sealed.map_err(|why| Trouble::answer("sealing a code", why))?;
        Ok(Self::new(id, card, amount, &PaymentCode::Sealed(sealed)))
    }
}

/// A receipt as the till prints it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SignedReceipt {
    /// What was paid.
    pub receipt: Receipt,
    /// The node's signature over it.
    pub signature: Signature,
}

/// What a till was told about a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status of the answer.
    pub status: StatusCode,
    /// The answer, byte by byte.
    pub bytes: Bytes,
}

impl Told {
    /// Returns the receipt if the sale was paid.
    #[must_use]
    pub fn receipt(&self) -> Option<SignedReceipt> {
        let paid = self.status == StatusCode::OK;
        paid.then(|| serde_json::from_slice(&self.bytes).ok()).flatten()
    }

    /// Returns the kind of the refusal if there is one.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        let answer: serde_json::Value = serde_json::from_slice(&self.bytes).ok()?;
        answer["refused"]["kind"].as_str().map(str::to_owned)
    }
}

/// A till of one vendor.
#[derive(Debug)]
pub struct Till(Connection);

impl Till {
    /// Pairs a till with a vendor by its secret.
    ///
    /// # Panics
    /// If the secret cannot stand in a header.
    #[must_use]
    pub fn new(address: SocketAddr, secret: &str) -> Self {
        let header = HeaderValue::from_str(&format!("Bearer {secret}"));
        let authorization = Some(header.expect("a secret is printable"));
        Self(Connection { authorization, ..Connection::new(address) })
    }

    /// Speaks from within a network of a test.
    #[must_use]
    pub fn from(self, space: Option<Space>) -> Self {
        Self(self.0.from(space))
    }

    /// Asks for a sale, for the first time or again.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn pay(&mut self, sale: &Sale) -> Result<Told, Unanswered> {
        let (status, bytes) = self.0.post("/v1/payments", sale.body.clone()).await?;
        Ok(Told { status, bytes })
    }

    /// Returns the till's vendor.
    ///
    /// # Errors
    /// [`Trouble::Answer`] if the door does not know the secret.
    pub async fn vendor(&mut self) -> Result<VendorInfo, Trouble> {
        read("/v1/vendor", self.0.get("/v1/vendor").await)
    }

    /// Asks where a card is from and to which key its code is sealed.
    ///
    /// # Errors
    /// [`Trouble::Answer`] if nobody knows.
    pub async fn card_home(&mut self, card: &CardText) -> Result<CardHome, Trouble> {
        let body = serde_json::json!({ "card": card }).to_string();
        match read("/v1/card-home", self.0.post("/v1/card-home", body.into()).await)? {
            Answer::CardHome(home) => Ok(home),
            other => Err(Trouble::answer("/v1/card-home", other)),
        }
    }
}

fn read<T: DeserializeOwned>(
    path: &str,
    answer: Result<(StatusCode, Bytes), Unanswered>,
) -> Result<T, Trouble> {
    let (status, bytes) = answer.map_err(|why| Trouble::answer(path, why))?;
    let shown = || Trouble::answer(path, (status, String::from_utf8_lossy(&bytes)));
    if status == StatusCode::OK {
        serde_json::from_slice(&bytes).map_err(|_| shown())
    } else {
        Err(shown())
    }
}
