//! A year of every model, played from the configurations in `configs/`: what the charters say comes out.

mod models {
    mod town;
    mod year;
}
