//! How many purchases there are of each kind.

use super::Act::{self, ByLot, Evening, Forgotten, InFlight, Morning, Outage, TurnedAway};
use crate::demo::fixtures::Place;

const M: Place = Place::Montpellier;
const S: Place = Place::SudGironde;
const C: Place = Place::Cadenet;

/// When, members of which caisse, at vendors of which, how many: 200 in all, 40 of them across. Each
/// caisse's members mostly visit the next one (Montpellier, Sud-Gironde, Cadenet, Montpellier), so that
/// the debts go round in a circle; members of Cadenet are elsewhere when it is killed.
pub const QUOTAS: [(Act, Place, Place, usize); 28] = [
    (Morning, M, M, 30),
    (Morning, S, S, 30),
    (Morning, C, C, 30),
    (Morning, M, S, 5),
    (Morning, S, C, 6),
    (Morning, C, M, 2),
    (Morning, S, M, 2),
    (Morning, M, C, 2),
    (Morning, C, S, 1),
    (InFlight, C, M, 2),
    (InFlight, C, S, 2),
    (Outage, M, M, 20),
    (Outage, S, S, 20),
    (Outage, M, S, 3),
    (Outage, S, M, 1),
    (TurnedAway, C, M, 3),
    (TurnedAway, C, S, 1),
    (Forgotten, C, M, 1),
    (Forgotten, S, C, 1),
    (ByLot, C, M, 2),
    (ByLot, C, S, 1),
    (Evening, M, M, 5),
    (Evening, S, S, 5),
    (Evening, C, C, 20),
    (Evening, M, S, 1),
    (Evening, S, C, 2),
    (Evening, S, M, 1),
    (Evening, M, C, 1),
];
