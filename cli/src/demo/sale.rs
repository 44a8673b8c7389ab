//! One purchase on its way through a till, and how it ended.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crdt::PaymentId;
use crdt::card::CardText;
use ledger::command::Code;
use node::http::SignedReceipt;

use super::plan::{Purchase, Reads};
use super::play::Play;
use crate::client::random;
use crate::failure::Failure;
use crate::till::{Till, TillFailure};

/// How often a purchase is tried whose sale becomes void because the caisse of the card took too long to
/// answer: on a machine that is too busy that is no mistake of anybody's.
pub const TRIES: usize = 3;

/// What a till needs for one purchase.
// No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Job {
    /// The purchase.
    pub purchase: Purchase,
    /// The sale's id, made by the till.
    pub payment: PaymentId,
    /// The card as the till reads it.
    pub card: CardText,
    /// The code that the member types.
    pub code: Code,
    /// The caisse of the vendor.
    pub http: SocketAddr,
    /// The secret of the vendor's till.
    pub secret: String,
}

/// A purchase that was tried, and how it ended.
#[derive(Clone, Debug)]
pub struct Sold {
    /// The purchase.
    pub purchase: Purchase,
    /// The sale's id.
    pub payment: PaymentId,
    /// The receipt, or why there is none.
    pub ended: Result<SignedReceipt, TillFailure>,
    /// From the typed code to the answer.
    pub took: Duration,
}

impl Job {
    /// Prepares a purchase, as a new sale.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the operating system gives no chance.
    pub fn new(play: &Play, purchase: &Purchase) -> Result<Self, Failure> {
        let Purchase { host, vendor, home, member, .. } = *purchase;
        let enrolled = &play.members[home.index()][member];
        let card = match purchase.reads {
            Reads::QrCode => &enrolled.qr,
            Reads::Number => &enrolled.number,
        };
        Ok(Self {
            purchase: purchase.clone(),
            payment: PaymentId::new(random()?),
            card: card.clone(),
            code: play.plan.code(home, member).clone(),
            http: play.house(host).http,
            secret: play.stalls[host.index()][vendor].secret.clone(),
        })
    }

    /// Sells with a till of its own.
    pub async fn alone(self) -> Sold {
        match Till::pair(self.http, &self.secret).await {
            Ok(mut till) => self.at(&mut till).await,
            Err(why) => self.ends(Err(why), Duration::ZERO),
        }
    }

    /// Sells at a till.
    pub async fn at(self, till: &mut Till) -> Sold {
        let home = match till.scan(&self.card).await {
            Ok(home) => home,
            Err(why) => return self.ends(Err(why), Duration::ZERO),
        };
        let since = Instant::now();
        let sale = till.sale(self.payment, &self.card, &home, self.purchase.price, &self.code);
        let ended = match sale {
            Ok(sale) => till.pay(&sale).await,
            Err(why) => Err(why),
        };
        self.ends(ended, since.elapsed())
    }

    /// Sells at a till, as a new sale each time that one becomes void.
    ///
    /// # Errors
    /// As [`Job::new`].
    pub async fn at_last(mut self, till: &mut Till) -> Result<Sold, Failure> {
        let mut sold = self.clone().at(till).await;
        for _ in 1..TRIES {
            if !sold.is_void() {
                break;
            }
            self.payment = PaymentId::new(random()?);
            sold = self.clone().at(till).await;
        }
        Ok(sold)
    }

    /// Ends without having reached a till, or with its answer.
    pub fn ends(self, ended: Result<SignedReceipt, TillFailure>, took: Duration) -> Sold {
        Sold { purchase: self.purchase, payment: self.payment, ended, took }
    }
}

impl Sold {
    /// Returns the name of the refusal, if it was refused.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.ended.as_ref().err().and_then(TillFailure::kind)
    }

    /// Returns whether the sale is void because the caisse of the card did not answer in time.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.kind() == Some("home_silent")
    }
}
