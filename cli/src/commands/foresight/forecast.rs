//! A forecast in words.

use ledger::answer::{Forecast, MonthFlows, Scenario, ScenarioPath};
use ledger::foresight::HORIZON;

use super::percent;
use crate::output::{facts, table};

/// How it is worked out, for whoever reads the figures.
const HOW: &str = "\
How it is worked out: the mean of the months named above is carried on, rounded against the caisse.
Money is bank, cash box and grants confirmed, less what is owed to vendors, to other caisses and to
members who paid first. It pays as long as it is not below zero; credit is covered as long as it also
exceeds what members hold. Grants count as soon as they are confirmed; a grant that would come again
is not assumed.
  as before             every month brings the mean
  all credit used       what members hold now is used in the first month, what is issued in its month
  contributions -20 %   a fifth less comes in; the rest is as before
";

/// Writes a forecast.
pub(super) fn text(forecast: &Forecast) -> String {
    let basis: Vec<String> = forecast.basis.iter().map(ToString::to_string).collect();
    let guarantee = &forecast.guarantee;
    let mut text = facts(&[
        ("forecast of", forecast.on.to_string()),
        ("months carried on", basis.join(", ")),
        ("cover ratio", percent(forecast.cover_ratio)),
        ("in the bank and the cash box", guarantee.money.to_string()),
        ("grants confirmed, not come yet", guarantee.grants.to_string()),
        ("margin over all credit", guarantee.margin().to_string()),
    ]);
    if forecast.basis_not_over {
        text.push_str(
            "ONLY THE PRESENT MONTH IS KNOWN, and it is not over: this says little yet\n",
        );
    } else if forecast.basis.len() < 3 {
        let count = forecast.basis.len();
        text.push_str(&format!("only {count} whole month(s) are known: this is less sure\n"));
    }
    text.push_str(&format!("\n{}\n", history(&forecast.history)));
    text.push_str(&format!("\n{}\n", scenarios(&forecast.scenarios)));
    text.push_str(&format!("\n{}\n{HOW}", path(&forecast.scenarios)));
    text
}

fn history(months: &[MonthFlows]) -> String {
    let columns = [
        "month",
        ">contributions",
        ">issued",
        ">refunds",
        ">used",
        ">expired",
        ">grants",
        ">paid out",
    ];
    let mut rows = table(&columns);
    for month in months {
        rows.add_row([
            month.month.to_string(),
            month.contributions.to_string(),
            month.issued.to_string(),
            month.reimbursed.to_string(),
            month.used.to_string(),
            month.expired.to_string(),
            month.grants_confirmed.to_string(),
            month.paid_out.to_string(),
        ]);
    }
    rows.to_string()
}

const fn name(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::AsBefore => "as before",
        Scenario::AllUsed => "all credit used",
        Scenario::FewerContributions => "contributions -20 %",
    }
}

fn months(count: Option<u16>) -> String {
    count.map_or_else(|| format!("more than {HORIZON}"), |count| count.to_string())
}

fn scenarios(paths: &[ScenarioPath]) -> String {
    let columns = [
        "a month brings",
        ">contributions",
        ">allocations",
        ">used",
        ">months paid",
        ">months covered",
    ];
    let mut rows = table(&columns);
    for path in paths {
        rows.add_row([
            name(path.scenario).to_owned(),
            path.contributions.to_string(),
            path.issued.to_string(),
            path.used.to_string(),
            months(path.runway),
            months(path.covered),
        ]);
    }
    rows.to_string()
}

fn path(paths: &[ScenarioPath]) -> String {
    let names: Vec<String> = paths.iter().map(|path| format!(">{}", name(path.scenario))).collect();
    let columns: Vec<&str> =
        std::iter::once("money at the end of").chain(names.iter().map(String::as_str)).collect();
    let mut rows = table(&columns);
    let steps = paths.first().map_or(0, |path| path.path.len());
    for step in 0..steps {
        let points = paths.iter().filter_map(|path| path.path.get(step));
        let month = points.clone().next().map(|point| point.month.to_string());
        rows.add_row(month.into_iter().chain(points.map(|point| point.money.to_string())));
    }
    rows.to_string()
}
