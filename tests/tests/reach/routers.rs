//! Caisses behind home routers, which nobody can call.

use node::network::limits;
use tests::Trouble;
use tests::market::{agree, found, generous_terms};
use tests::netns::{Household, Nat, World};
use tests::node::Node;

use crate::village::{Trade, figure, in_a_world, open, until_figure};

/// Where the third caisse, which has a public address, is known to be.
const SQUARE: &str = "/ip4/203.0.113.1/tcp/7447";

/// Two households in a street, each behind its router, and a third caisse that has a public address.
struct Town {
    square: Node,
    homes: [Household; 2],
    host: Node,
    home: Node,
}

impl Town {
    async fn build(world: &mut World, nat: Nat) -> Result<Self, Trouble> {
        let street = world.street("street")?;
        let square_space = world.space("square")?;
        square_space.plug(&street, "eth0", "203.0.113.1/24")?;
        let homes = [
            world.household(1, &street, "203.0.113.2/24", nat)?,
            world.household(2, &street, "203.0.113.3/24", nat)?,
        ];
        let square = open("Square", &square_space, &[SQUARE]).await?;
        let host = open("Montpellier", &homes[0].computer, &[]).await?;
        let home = open("Cadenet", &homes[1].computer, &[]).await?;
        found(&[&square.operator(), &host.operator(), &home.operator()]).await?;
        agree(&host.operator(), &home.operator(), &generous_terms()).await?;
        Ok(Self { square, homes, host, home })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_routers_that_take_any_port_a_sale_is_paid_through_a_third_caisse_also_with_losses()
-> Result<(), Trouble> {
    in_a_world(async |mut world| {
        let town = Town::build(&mut world, Nat::AnyPort).await?;
        let mut trade = Trade::begin(&town.host, &town.home).await?;
        trade.sell_until_paid(&town.host).await?;
        let relayed = figure(&town.host, &town.homes[0].computer, "relayed_partners").await?;
        assert_eq!(relayed, 1, "the other caisse is reached through the square alone");
        for home in &town.homes {
            home.computer.lose(10)?;
        }
        for _ in 0..5 {
            trade.sell_until_paid(&town.host).await?;
        }
        trade.books_agree(&town.host, &town.home).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_routers_that_keep_ports_two_caisses_no_longer_need_the_third() -> Result<(), Trouble>
{
    in_a_world(async |mut world| {
        let mut town = Town::build(&mut world, Nat::KeepsPorts).await?;
        let mut trade = Trade::begin(&town.host, &town.home).await?;
        trade.sell_until_paid(&town.host).await?;
        for (node, home) in [(&town.host, &town.homes[0]), (&town.home, &town.homes[1])] {
            until_figure(node, &home.computer, "relayed_partners", 0).await?;
        }
        // What was under way through the square has arrived by then, and the square is left alone.
        tokio::time::sleep(3 * limits::CIRCUIT_AFTERWARDS).await;
        town.square.kill()?;
        trade.sell_until_paid(&town.host).await?;
        trade.books_agree(&town.host, &town.home).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caisse_whose_public_address_changed_is_found_again_by_those_nobody_can_call()
-> Result<(), Trouble> {
    in_a_world(async |mut world| {
        let street = world.street("street")?;
        let (square_space, host_space) = (world.space("square")?, world.space("host")?);
        square_space.plug(&street, "eth0", "203.0.113.1/24")?;
        host_space.plug(&street, "eth0", "203.0.113.5/24")?;
        let home_space = world.household(1, &street, "203.0.113.2/24", Nat::AnyPort)?;
        let _square = open("Square", &square_space, &[SQUARE]).await?;
        let at = ["/ip4/203.0.113.5/tcp/7447"];
        let host = open("Montpellier", &host_space, &at).await?;
        let home = open("Cadenet", &home_space.computer, &[]).await?;
        found(&[&_square.operator(), &host.operator(), &home.operator()]).await?;
        agree(&host.operator(), &home.operator(), &generous_terms()).await?;
        let mut trade = Trade::begin(&host, &home).await?;
        trade.sell_until_paid(&host).await?;
        // The register goes on naming the old address, and nothing answers there any more.
        host_space.move_to("eth0", "203.0.113.77/24")?;
        trade.sell_until_paid(&host).await?;
        // So does the household's provider.
        home_space.router.move_to("wan", "203.0.113.88/24")?;
        trade.sell_until_paid(&host).await?;
        trade.books_agree(&host, &home).await
    })
    .await
}
