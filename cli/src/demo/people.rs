//! The members: enrolled, with a card each, their contributions, and the month's allocations.

use crdt::Cents;
use indicatif::ProgressBar;
use ledger::answer::{AllocationReport, Skipped};
use ledger::command::Purse;
use ledger::rules::Allocation;
use ledger::{Answer, Command, Query};
use node::config::Config;

use super::fixtures::Place;
use super::model::cents;
use super::play::{Enrolled, Play};
use super::teller::table;
use crate::failure::Failure;
use crate::resolve::unexpected;

/// What the invented grant of each caisse covers.
const GRANT_CENTS: u64 = 1_000_000;

/// Enrols everybody, issues a card to each, and records the contributions that came in.
pub async fn enrol(play: &mut Play) -> Result<(), Failure> {
    let [one, two, three] = Place::ALL;
    let households = Place::ALL.map(|place| play.fixtures.of(place).members.len());
    let bar = play.teller.begin_bar(households.iter().sum(), "households");
    let members = tokio::try_join!(
        enrol_in(play, one, &bar),
        enrol_in(play, two, &bar),
        enrol_in(play, three, &bar)
    )?;
    play.members = members.into();
    for place in Place::ALL {
        let status = play.house(place).status().await?;
        let count = households[place.index()] as u64;
        let claim =
            format!("each caisse has {count} members, each with a card and a code of four digits");
        let found = (status.members, status.cards);
        play.checks.equal(&claim, place.name(), &found, &(count, count));
    }
    play.teller.detail(format!(
        "{} households of invented people; their sizes follow the shares that INSEE publishes.\n\
         Contributions for {} came in from all but {} of them.",
        households.iter().sum::<usize>(),
        play.month,
        play.plan.late.len()
    ));
    Ok(())
}

async fn enrol_in(play: &Play, place: Place, bar: &ProgressBar) -> Result<Vec<Enrolled>, Failure> {
    let house = play.house(place);
    let mut enrolled = Vec::new();
    for (number, member) in play.fixtures.of(place).members.iter().enumerate() {
        let (name, household) = (member.name.clone(), member.household);
        let Answer::MemberAdded(id) = house.done(&Command::AddMember { name, household }).await?
        else {
            return Err(unexpected());
        };
        let code = play.plan.code(place, number).clone();
        let Answer::CardIssued(card) = house.done(&Command::IssueCard { member: id, code }).await?
        else {
            return Err(unexpected());
        };
        if !play.plan.late.contains(&(place, number)) {
            let (month, amount) = (play.month, member.contribution);
            house
                .done(&Command::AddContribution { member: id, month, amount, into: Purse::Bank })
                .await?;
        }
        let read = |text: &str| text.parse().map_err(|_| unexpected());
        enrolled.push(Enrolled { id, number: read(&card.number)?, qr: read(&card.qr)? });
        bar.inc(1);
    }
    Ok(enrolled)
}

/// Previews the month's allocations, issues them, and runs once more.
pub async fn allocate(play: &mut Play) -> Result<(), Failure> {
    let month = play.month;
    let mut why = String::new();
    let mut rows =
        table(&["preview for", "each household gets", ">households", ">in all", ">nothing to"]);
    for place in Place::ALL {
        let house = play.house(place);
        house.done(&grant()?).await?;
        let preview = report(house.query(&Query::AllocationPreview(month)).await?)?;
        rows.add_row([
            place.name().to_owned(),
            rule(play, place)?,
            preview.issued.len().to_string(),
            preview.total.to_string(),
            preview.skipped.len().to_string(),
        ]);
        why = preview.skipped.first().map(|(_, why)| why.to_string()).unwrap_or_default();
        let run = Command::Allocate { month, force: None };
        let first = report(house.done(&run).await?)?;
        let second = report(house.done(&run).await?)?;
        check(play, place, [preview, first, second]);
    }
    play.teller.table(&rows);
    play.teller.detail(format!("Why nothing: {why}."));
    play.teller.detail(
        "Contributions cover a part of the credit. A grant of 10000.00, invented and confirmed, covers \
         the rest: without it the run is refused.",
    );
    Ok(())
}

fn report(answer: Answer) -> Result<AllocationReport, Failure> {
    match answer {
        Answer::Allocated(report) => Ok(report),
        _ => Err(unexpected()),
    }
}

fn check(play: &mut Play, place: Place, reports: [AllocationReport; 3]) {
    let [preview, first, second] = reports;
    let at = place.name();
    let expected = play.model.outstanding(place);
    play.checks.equal(
        "the preview is what the published rules give",
        at,
        &cents(preview.total),
        &expected,
    );
    let late = play.plan.late.iter().filter(|(of, _)| *of == place);
    let mut late: Vec<_> =
        late.map(|(_, number)| play.members[place.index()][*number].id).collect();
    late.sort_unstable();
    let none = |(id, why): &(_, Skipped)| (*why == Skipped::NoContribution).then_some(*id);
    let mut skipped: Vec<_> = preview.skipped.iter().filter_map(none).collect();
    skipped.sort_unstable();
    let claim = "whose contribution has not come in gets nothing, nobody else";
    play.checks.equal(claim, at, &skipped, &late);
    let issued = AllocationReport { preview: false, ..preview };
    play.checks.equal("what is issued is what was previewed", at, &first, &issued);
    let claim = "a second run issues nothing";
    play.checks.equal(claim, at, &(second.issued.len(), cents(second.total)), &(0, 0));
}

/// Contributions cover a part of the allocations only; a grant that is confirmed covers the rest.
fn grant() -> Result<Command, Failure> {
    let amount = Cents::new(GRANT_CENTS).map_err(|_| unexpected())?;
    let (funder, reference) = ("Collectivité inventée".to_owned(), "démonstration".to_owned());
    Ok(Command::ConfirmGrant { funder, amount, reference })
}

/// Says a caisse's rule in words, from its configuration.
fn rule(play: &Play, place: Place) -> Result<String, Failure> {
    let path = play.house(place).dir().join("caisse.toml");
    let config = Config::read(&path).map_err(|why| Failure::Failed(why.to_string()))?;
    Ok(match config.rules.allocation {
        Allocation::PerPerson { amount, .. } => format!("{amount} for each person"),
        Allocation::HouseholdScale { first, further, .. } => {
            format!("{first}, and {further} for each further person")
        }
        Allocation::MeanOfContributions { .. }
        | Allocation::ProductRefund { .. }
        | Allocation::PriceTiers { .. }
        | Allocation::Bonus { .. } => return Err(unexpected()),
    })
}
