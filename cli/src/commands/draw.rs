//! Draws by lot: the formula is the ledger's, the list comes from the caisse or from a file.

use std::collections::BTreeMap;
use std::path::Path;

use ledger::answer::PeopleAnswer;
use ledger::command::{PeopleQuery, Pool};
use ledger::draw::{self, Candidate, Draw, Seat};

use super::Context;
use super::people::look;
use crate::args::waiting as typed;
use crate::failure::Failure;
use crate::output::{Done, table};
use crate::resolve::unexpected;

/// Draws by lot.
pub(super) async fn draw(context: &Context, asked: typed::Draw) -> Result<Done, Failure> {
    let typed::Draw { from, seats, quotas, seed } = asked;
    let candidates = match from.as_str() {
        "members" => of_caisse(context, Pool::Members).await?,
        "waiting" => of_caisse(context, Pool::Waiting).await?,
        file => read(Path::new(file))?,
    };
    let drawn = draw::draw(&candidates, seats, &quotas, &seed).map_err(Failure::misused)?;
    Done::new(&drawn, text(&drawn))
}

async fn of_caisse(context: &Context, pool: Pool) -> Result<Vec<Candidate>, Failure> {
    let answer = look(context, PeopleQuery::Candidates(pool)).await?;
    let PeopleAnswer::Candidates(candidates) = answer else { return Err(unexpected()) };
    Ok(candidates)
}

fn read(path: &Path) -> Result<Vec<Candidate>, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    candidates(&text).map_err(|why| Failure::Misused(format!("{name}: {why}")))
}

/// Reads a list of ids, one a line, or a table whose first column is called id.
fn candidates(text: &str) -> Result<Vec<Candidate>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    let first = header.split(char::from(delimiter)).next().unwrap_or_default();
    if !first.trim().eq_ignore_ascii_case("id") {
        let ids = text.lines().map(str::trim).filter(|id| !id.is_empty());
        let candidate = |id: &str| Candidate { id: id.to_owned(), attributes: BTreeMap::new() };
        return Ok(ids.map(candidate).collect());
    }
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|why| why.to_string())?.clone();
    let record = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|why| why.to_string())?;
        let cells = names.iter().zip(&record).skip(1);
        Ok(Candidate {
            id: record.get(0).unwrap_or_default().to_owned(),
            attributes: cells.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect(),
        })
    };
    reader.records().map(record).collect()
}

fn text(drawn: &Draw) -> String {
    let names: Vec<&String> =
        drawn.tickets.first().into_iter().flat_map(|ticket| ticket.attributes.keys()).collect();
    let columns = [">place", "id", "seat"].into_iter();
    let columns: Vec<&str> =
        columns.chain(names.iter().map(|name| name.as_str())).chain(["ticket"]).collect();
    let mut rows = table(&columns);
    for (place, ticket) in (1_u32..).zip(&drawn.tickets) {
        let mut row = vec![place.to_string(), ticket.id.clone(), seat(drawn, ticket.seat)];
        row.extend(names.iter().map(|name| ticket.attributes[*name].clone()));
        row.push(ticket.ticket.clone());
        rows.add_row(row);
    }
    let quotas = drawn.quotas.iter().map(|(quota, seated)| {
        let draw::Quota { attribute, value, seats } = quota;
        let short = if seated < seats { ": there are no more" } else { "" };
        format!("{attribute}={value}: {seated} seated, at least {seats} asked for{short}\n")
    });
    format!(
        "{rows}\n{}{} of {} drawn with the seed {:?}\ncheck a ticket: printf '%s\\n%s' SEED ID | b3sum\n",
        quotas.collect::<String>(),
        drawn.seats,
        drawn.tickets.len(),
        drawn.seed,
    )
}

fn seat(drawn: &Draw, seat: Option<Seat>) -> String {
    match seat {
        Some(Seat::Quota(number)) => {
            let quota = drawn.quotas.get(number as usize);
            quota.map_or_else(String::new, |(q, _)| format!("{}={}", q.attribute, q.value))
        }
        Some(Seat::Order) => "order".to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_ids_or_a_table_gives_the_candidates() {
        let plain = candidates("a1\r\n\n b2 \n").expect("a list");
        assert_eq!(plain.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["a1", "b2"]);
        for text in ["id,commune\na1,Lauris\n", "\u{feff}ID;commune\na1; Lauris\n"] {
            let table = candidates(text).expect("a table");
            assert_eq!(
                (table[0].id.as_str(), table[0].attributes["commune"].as_str()),
                ("a1", "Lauris")
            );
        }
        let why = candidates("id,commune\na1\n").expect_err("a cell is missing");
        assert!(why.contains("line: 2"), "{why}");
        assert_eq!(candidates(""), Ok(Vec::new()));
    }
}
