//! A line that carries one way only.

use std::net::Ipv4Addr;

use tests::Trouble;
use tests::market::{agree, found, generous_terms};

use crate::village::{Trade, in_a_world, open, until_figure};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_way_cut_refuses_sales_in_clear_words_and_everything_agrees_once_it_is_mended()
-> Result<(), Trouble> {
    in_a_world(async |mut world| {
        let street = world.street("street")?;
        let (host_space, home_space) = (world.space("host")?, world.space("home")?);
        host_space.plug(&street, "eth0", "203.0.113.1/24")?;
        home_space.plug(&street, "eth0", "203.0.113.2/24")?;
        let host = open("Montpellier", &host_space, &["/ip4/203.0.113.1/tcp/7447"]).await?;
        let home = open("Cadenet", &home_space, &["/ip4/203.0.113.2/tcp/7447"]).await?;
        found(&[&host.operator(), &home.operator()]).await?;
        agree(&host.operator(), &home.operator(), &generous_terms()).await?;
        let mut trade = Trade::begin(&host, &home).await?;
        trade.sell_until_paid(&host).await?;

        // The home caisse goes on hearing the questions; its grants do not arrive.
        host_space.deaf_to(&[Ipv4Addr::new(203, 0, 113, 2)])?;
        for _ in 0..2 {
            let told = trade.sell(&host).await?;
            assert!(told.refused().is_some(), "{told:?}");
        }
        until_figure(&host, &host_space, "connected_partners", 0).await?;
        host_space.deaf_to(&[])?;
        trade.sell_until_paid(&host).await?;
        trade.books_agree(&host, &home).await
    })
    .await
}
