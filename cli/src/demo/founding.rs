//! The first steps: three caisses open, found a federation, agree with each other.

use crdt::agreement::Terms;
use crdt::contact::Contact;
use crdt::register::Charter;
use ledger::refused::FederationRefused;
use ledger::{Answer, Command, Refused};
use node::config::Config;

use super::fixtures::{Place, rate};
use super::house::House;
use super::plan::CAPS;
use super::play::Play;
use super::process::free_ports;
use super::teller::table;
use super::waits::{until, until_all_heard};
use crate::failure::Failure;
use crate::output::short;
use crate::resolve::unexpected;

/// The part of the members, in percent, that must approve a change: two of three.
const THRESHOLD: u8 = 66;

/// Opens the three caisses: `caisse init` and `caisse run`, each in a process of its own.
pub async fn open(play: &mut Play) -> Result<(), Failure> {
    let [one, two, three] = Place::ALL;
    let [a, b, c, d, e, f] = free_ports()?;
    let dir = play.dir();
    let (mut one, mut two, mut three) = tokio::try_join!(
        House::make(one, dir, [a, b]),
        House::make(two, dir, [c, d]),
        House::make(three, dir, [e, f])
    )?;
    let started = tokio::try_join!(one.start(), two.start(), three.start());
    play.houses = vec![one, two, three];
    started?;
    let mut rows = table(&["caisse", ">process", "for other caisses", "for tills"]);
    for house in &play.houses {
        rows.add_row([
            house.place.name().to_owned(),
            house.process_id().to_string(),
            house.node.clone(),
            format!("http://{}", house.http),
        ]);
        play.contacts.push(house.contact().await?);
    }
    play.teller.table(&rows);
    play.teller.detail(
        "Each is made by `caisse init` from its own configuration (configs/*.toml) and runs as `caisse run`,\n\
         a process of its own.",
    );
    Ok(())
}

/// Signs the founding charter in all three caisses.
pub async fn found(play: &mut Play) -> Result<(), Failure> {
    let mut founders = play.contacts.clone();
    founders.sort_by_key(|founder| founder.id);
    let name = "Fédération de démonstration".to_owned();
    let charter = Charter { name, founders, threshold_percent: THRESHOLD };
    let network = charter.network();
    play.teller.detail(format!(
        "Each operator signs the same charter: {THRESHOLD} % of the members must approve a change. Its hash is\n\
         the federation's id: {}",
        short(&network)
    ));
    for house in &play.houses {
        let Answer::Founded(found) = house.done(&Command::Found(Box::new(charter.clone()))).await?
        else {
            return Err(unexpected());
        };
        play.checks.equal("each finds the same federation", house.place.name(), &found, &network);
    }
    for house in &play.houses {
        let info = until("every founder has signed", async || {
            let info = house.federation().await?;
            Ok((info.founded && info.members.len() == Place::ALL.len()).then_some(info))
        })
        .await?;
        let known = |contact: &Contact| info.members.contains(contact);
        play.checks.holds(
            "each knows the keys of all three",
            play.contacts.iter().all(known),
            || house.place.name().to_owned(),
        );
    }
    until_all_heard(play).await
}

/// Makes an agreement between each two caisses: in force once both have published the same terms.
pub async fn agree(play: &mut Play) -> Result<(), Failure> {
    let columns = ["between", "and", "visitors at most", ">per payment", ">per month", ">ceiling"];
    let mut rows = table(&columns);
    for (one, other, percent) in CAPS {
        let terms = terms(play, one, percent)?;
        for (from, to) in [(one, other), (other, one)] {
            offer(play, from, to, &terms).await?;
        }
        rows.add_row([
            one.name().to_owned(),
            other.name().to_owned(),
            terms.coverage_max.to_string(),
            terms.per_payment.to_string(),
            terms.per_month.to_string(),
            terms.ceiling.to_string(),
        ]);
    }
    play.teller.table(&rows);
    for house in &play.houses {
        let agreements = until("every agreement is in force", async || {
            let agreements = house.federation().await?.agreements;
            let in_force = agreements.iter().filter(|agreement| agreement.in_force).count();
            Ok((in_force + 1 == Place::ALL.len()).then_some(agreements))
        })
        .await?;
        for agreement in agreements {
            let claim = "an agreement is in force once both sides have published the same terms";
            play.checks.equal(claim, house.place.name(), &agreement.ours, &agreement.theirs);
        }
    }
    play.teller.detail(
        "A visitor's purchase is covered at the lower of the vendor's rate and the agreement's, so every\n\
         visitor pays a part of it. The vendor's caisse says what is eligible, the member's what it can pay.",
    );
    Ok(())
}

/// Returns the terms of a caisse's own configuration with another rate.
fn terms(play: &Play, place: Place, percent: u16) -> Result<Terms, Failure> {
    let path = play.house(place).dir().join("caisse.toml");
    let config = Config::read(&path).map_err(|why| Failure::Failed(why.to_string()))?;
    Ok(Terms { coverage_max: rate(percent), ..config.terms })
}

/// Offers terms as soon as the node may speak: it waits to hear from the others first.
async fn offer(play: &Play, from: Place, to: Place, terms: &Terms) -> Result<(), Failure> {
    let command = Command::Agree { with: play.contact(to).id, terms: terms.clone() };
    until("the offer can be made", async || match play.house(from).command(&command).await {
        Ok(_) => Ok(Some(())),
        Err(Failure::Refused(why)) => match *why {
            Refused::Federation(
                FederationRefused::FoundersMissing | FederationRefused::NotHeard { .. },
            ) => Ok(None),
            other => Err(other.into()),
        },
        Err(failure) => Err(failure),
    })
    .await
}
