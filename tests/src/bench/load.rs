//! Tills that sell as fast as they are answered, and how long each answer took.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use tokio::task::JoinSet;

use crate::Trouble;
use crate::till::{Sale, Till};

/// How long things took.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        self.0.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the time in milliseconds under which so many percent of them stay.
    #[expect(clippy::cast_precision_loss, reason = "a time is shown with three digits")]
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or(0) as f64 / 1e6
    }
}

/// What a load came to.
#[derive(Clone, Debug)]
pub struct Sold {
    /// Payments a second, all tills together.
    pub rate: f64,
    /// How long each payment took.
    pub times: Times,
}

/// A till with what it sells, one after the other.
pub type Stock = (Till, Box<dyn Iterator<Item = Sale> + Send>);

/// Lets tills sell at the same time, until they have sold out or the time is over.
///
/// # Errors
/// [`Trouble::Answer`] if a sale is not paid.
pub async fn sell(stocks: Vec<Stock>, at_most: Duration) -> Result<Sold, Trouble> {
    let begun = Instant::now();
    let mut selling = JoinSet::new();
    for (till, sales) in stocks {
        selling.spawn(sell_out(till, sales, begun + at_most));
    }
    let mut times = Times::default();
    while let Some(ended) = selling.join_next().await {
        let sold = ended.map_err(|why| Trouble::answer("a till", why))??;
        times.0.extend(sold.0);
    }
    Ok(Sold { rate: per_second(times.count(), begun.elapsed()), times })
}

async fn sell_out(
    mut till: Till,
    sales: Box<dyn Iterator<Item = Sale> + Send>,
    end: Instant,
) -> Result<Times, Trouble> {
    let mut times = Times::default();
    for sale in sales {
        let begun = Instant::now();
        if begun >= end {
            break;
        }
        paid(&mut till, &sale).await?;
        times.add(begun.elapsed());
    }
    Ok(times)
}

/// Offers sales at a steady pace, whether or not the earlier ones are answered: each time counts from the
/// moment at which the sale was due, so that a node which is slow for a while is not spared (an open loop).
///
/// # Errors
/// [`Trouble::Answer`] if a sale is not paid.
pub async fn offer(stocks: Vec<Stock>, per_second: u32) -> Result<Times, Trouble> {
    // The first moment lies ahead, so that every till is ready for it.
    let begun = Instant::now() + Duration::from_millis(200);
    let (between, tills) = (Duration::from_secs(1) / per_second, stocks.len());
    let mut selling = JoinSet::new();
    for (number, (mut till, sales)) in stocks.into_iter().enumerate() {
        selling.spawn(async move {
            let mut times = Times::default();
            for (round, sale) in sales.enumerate() {
                let place = u32::try_from(round * tills + number).unwrap_or(u32::MAX);
                let due = begun + between * place;
                tokio::time::sleep_until(due.into()).await;
                paid(&mut till, &sale).await?;
                times.add(due.elapsed());
            }
            Ok::<Times, Trouble>(times)
        });
    }
    let mut times = Times::default();
    while let Some(ended) = selling.join_next().await {
        times.0.extend(ended.map_err(|why| Trouble::answer("a till", why))??.0);
    }
    Ok(times)
}

async fn paid(till: &mut Till, sale: &Sale) -> Result<(), Trouble> {
    let told = till.pay(sale).await.map_err(|why| Trouble::answer("a sale", why))?;
    if told.status == StatusCode::OK { Ok(()) } else { Err(Trouble::answer("a sale", told)) }
}

/// Returns how many a second.
#[expect(clippy::cast_precision_loss, reason = "a rate is shown with a few digits")]
pub fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
