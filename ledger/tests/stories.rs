//! What a caisse promises, told as stories: the machine alone, or a few of them that hear each other
//! at once.

mod stories {
    mod across;
    mod bad_input;
    mod federation;
    mod home;
    mod hostile;
    mod models;
    mod people;
    mod restore;
    mod settlement;
    mod village;
}
