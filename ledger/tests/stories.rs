//! What a caisse promises, told as stories: the machine alone, or a few of them that hear each other
//! at once.

mod stories {
    mod accounting;
    mod across;
    mod bad_input;
    mod between;
    mod cards;
    mod contests;
    mod disputes;
    mod dunning;
    mod epochs;
    mod evaluation;
    mod federation;
    mod flood;
    mod foresight;
    mod home;
    mod hostile;
    mod keys;
    mod laws;
    mod lots;
    mod models;
    mod payments;
    mod people;
    mod restore;
    mod settlement;
    mod treasury;
    mod village;
}
