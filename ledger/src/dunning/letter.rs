//! The reminders as members read them, in French. Nobody is shamed and nothing is threatened: who cannot
//! give what was agreed is asked to say so.

use std::collections::BTreeMap;

use crdt::{MemberId, Month};

use super::{list, preview};
use crate::answer::{Answer, DisputesAnswer, Late};
use crate::french::{day, euros, greeting, of_month};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Writes the letters of the last reminder of a month that each member was given, as long as something
/// is missing.
pub(crate) fn letters(state: &State, turn: &Turn<'_>, month: Month) -> Outcome {
    let given = list(turn).into_iter().filter(|reminder| reminder.month == month);
    // The levels of one member come in order: the last one stays.
    let levels: BTreeMap<MemberId, u8> = given.map(|r| (r.member, r.level)).collect();
    let late = preview(state, turn, month).late.into_iter();
    let letters = late.filter_map(|late| {
        let level = *levels.get(&late.member)?;
        Some(letter(state, turn, month, &Late { level, ..late }))
    });
    Ok(Answer::Disputes(DisputesAnswer::Letters(letters.collect())))
}

fn letter(state: &State, turn: &Turn<'_>, month: Month, late: &Late) -> String {
    let name = &state.settings.contact.name;
    let Late { member, agreed, missing, level, .. } = *late;
    let came = if missing == agreed {
        "ne nous est pas encore parvenue".to_owned()
    } else {
        format!("ne nous est parvenue qu'en partie ; il reste {}", euros(missing))
    };
    let opening = format!(
        "Votre contribution {}, dont nous étions convenus à {}, {came}.",
        of_month(month),
        euros(agreed)
    );
    format!(
        "{name}\nLe {}\n\n{}\n\n{opening}\n\n{}\n\nCe message ne suspend rien : votre carte \
         fonctionne comme avant.\n\nMerci de faire vivre la caisse avec nous.\n\n{name}\n",
        day(turn.today()),
        greeting(turn, member),
        words(level),
    )
}

/// What is said at each level; beyond the third, the third's words.
const fn words(level: u8) -> &'static str {
    match level {
        0 | 1 => {
            "Le versement est peut-être déjà en route : dans ce cas, ne tenez pas compte de ce message.\n\
             Si ce montant ne vous convient plus en ce moment, dites-le-nous : il se change à tout moment, \
             sans avoir à vous justifier."
        }
        2 => {
            "Un oubli arrive à tout le monde. Vous pouvez verser quand cela vous est possible, en une ou plusieurs \
             fois.\nSi ce montant est devenu trop élevé, dites-le-nous : nous en conviendrons d'un autre \
             ensemble, sans avoir à vous justifier."
        }
        _ => {
            "Nous aimerions en parler avec vous : un appel ou une visite suffit, au moment qui vous convient.\n\
             Ensemble, nous pouvons convenir d'un autre montant, d'une pause, ou d'un versement en plusieurs \
             fois."
        }
    }
}
