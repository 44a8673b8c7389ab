//! Whole nodes in networks as they are: behind routers, on lossy and slow lines, cut one way, moved. A sale
//! ends with a clear answer, and both books say what the tills were told.

#[path = "reach/cuts.rs"]
mod cuts;
#[path = "reach/routers.rs"]
mod routers;
#[path = "reach/slow.rs"]
mod slow;
#[path = "reach/village.rs"]
mod village;
