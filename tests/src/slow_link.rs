//! A long line as a proxy: what is sent through it arrives half a round trip later.
//!
//! Delays by the kernel (netem) are not in every kernel. The bandwidth has no limit, but what is under way
//! does: a sender that is faster than its reader is held back, as on a real line.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::Trouble;

/// Bytes under way in one direction of one connection; a line of 100 Mbit/s with 300 ms holds as many.
pub const UNDER_WAY: usize = 4 * 1024 * 1024;

/// Bytes that are taken at once.
const PART: usize = 16 * 1024;

/// Connections at one time; a node makes four to a peer.
pub const CONNECTIONS: usize = 64;

/// A slow line to a TCP address. It is cut when this is dropped.
#[derive(Debug)]
pub struct SlowLink {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// A part on its way, when it arrives, and its share of what may be under way.
type Part = (Instant, Vec<u8>, OwnedSemaphorePermit);

impl SlowLink {
    /// Listens at an address, where port 0 lets the system choose, and passes on to another.
    ///
    /// A connection takes one round trip to be made, as without the proxy.
    ///
    /// # Errors
    /// [`Trouble::Io`] if it cannot listen.
    pub async fn open(
        listen: SocketAddr,
        target: SocketAddr,
        round_trip: Duration,
    ) -> Result<Self, Trouble> {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(Trouble::io("listening for a slow line"))?;
        let address = listener.local_addr().map_err(Trouble::io("listening for a slow line"))?;
        let task = tokio::spawn(carry_all(listener, target, round_trip));
        Ok(Self { address, task })
    }

    /// Returns where the near end listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until the line breaks, which it never does by itself.
    pub async fn closed(&mut self) {
        // It ends by being dropped only.
        let _ = (&mut self.task).await;
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry_all(listener: TcpListener, target: SocketAddr, round_trip: Duration) {
    // Dropping the set cuts all connections.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            near = listener.accept(), if connections.len() < CONNECTIONS => {
                if let Ok((near, _)) = near {
                    connections.spawn(carry(near, target, round_trip));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until both directions have ended, or either broke.
async fn carry(near: TcpStream, target: SocketAddr, round_trip: Duration) -> std::io::Result<()> {
    tokio::time::sleep(round_trip).await;
    let far = TcpStream::connect(target).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (from_near, to_near) = near.into_split();
    let (from_far, to_far) = far.into_split();
    let delay = round_trip / 2;
    tokio::try_join!(one_way(from_near, to_far, delay), one_way(from_far, to_near, delay))?;
    Ok(())
}

async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
) -> std::io::Result<()> {
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    // Each part takes at least one byte of the room, so this many places are always enough.
    let (sender, mut parts) = mpsc::channel::<Part>(UNDER_WAY / PART);
    let take = async move {
        loop {
            let mut bytes = vec![0; PART];
            let count = from.read(&mut bytes).await?;
            let due = Instant::now() + delay;
            if count == 0 {
                // The end of a direction travels as long as its bytes.
                tokio::time::sleep_until(due).await;
                return Ok(());
            }
            bytes.truncate(count);
            bytes.shrink_to_fit();
            let share = u32::try_from(count).expect("a part is small");
            let permit = Arc::clone(&room).acquire_many_owned(share).await;
            let Ok(permit) = permit else { return Ok(()) };
            if sender.send((due, bytes, permit)).await.is_err() {
                return Ok(());
            }
        }
    };
    let give = async move {
        while let Some((due, bytes, permit)) = parts.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&bytes).await?;
            drop(permit);
        }
        to.shutdown().await
    };
    tokio::try_join!(take, give).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(100);

    /// A slow line to a listener, both of this machine.
    async fn line() -> (SlowLink, TcpListener) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let far = TcpListener::bind(any).await.expect("loopback can be listened on");
        let target = far.local_addr().expect("it listens");
        let line = SlowLink::open(any, target, ROUND_TRIP).await.expect("loopback");
        (line, far)
    }

    #[tokio::test]
    async fn what_is_sent_comes_whole_after_a_round_trip_and_so_does_the_end() {
        let (line, far) = line().await;
        let mut near = TcpStream::connect(line.address()).await.expect("it listens");
        let (mut far, _) = far.accept().await.expect("the line leads there");
        let echo = tokio::spawn(async move {
            let (mut read, mut write) = far.split();
            tokio::io::copy(&mut read, &mut write).await
        });
        for round in 0..3_u8 {
            let begun = Instant::now();
            near.write_all(&[round]).await.expect("it is open");
            assert_eq!(near.read_u8().await.expect("it is open"), round);
            assert!(begun.elapsed() >= ROUND_TRIP, "{:?}", begun.elapsed());
        }
        let begun = Instant::now();
        let many: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let (mut read, mut write) = near.split();
        let send = async {
            write.write_all(&many).await?;
            write.shutdown().await
        };
        let mut back = Vec::new();
        tokio::try_join!(send, read.read_to_end(&mut back)).expect("it is open");
        assert_eq!(back, many);
        assert!(begun.elapsed() >= ROUND_TRIP);
        // The delay is paid once, not for each part.
        assert!(begun.elapsed() < ROUND_TRIP * 20, "{:?}", begun.elapsed());
        assert_eq!(echo.await.expect("it ends").expect("it copies"), 3 + 1_000_000);
    }

    #[tokio::test]
    async fn a_sender_that_nobody_reads_is_held_back() {
        let (line, far) = line().await;
        let near = TcpStream::connect(line.address()).await.expect("it listens");
        let (_far, _) = far.accept().await.expect("the line leads there");
        let mut sent = 0;
        let bytes = vec![7; 1024 * 1024];
        // Written until a second passes without room: then every buffer is full.
        while let Ok(ready) = tokio::time::timeout(Duration::from_secs(1), near.writable()).await {
            ready.expect("it is open");
            if let Ok(count) = near.try_write(&bytes) {
                sent += count;
            }
        }
        // What is under way, and what the system keeps at the four ends of two connections.
        assert!((UNDER_WAY..UNDER_WAY + 64 * 1024 * 1024).contains(&sent), "{sent}");
    }

    #[tokio::test]
    async fn a_line_that_is_dropped_is_cut() {
        let (line, far) = line().await;
        let mut near = TcpStream::connect(line.address()).await.expect("it listens");
        let (mut far, _) = far.accept().await.expect("the line leads there");
        drop(line);
        let mut bytes = Vec::new();
        // An end or an error: both say that the line is gone.
        let _ = far.read_to_end(&mut bytes).await;
        let _ = near.read_to_end(&mut bytes).await;
        assert!(bytes.is_empty());
    }
}
