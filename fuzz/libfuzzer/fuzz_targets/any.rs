//! Any target, chosen by the variable `TARGET`.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<fuzz::Target> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("TARGET").expect("TARGET names a target");
        fuzz::targets().into_iter().find(|target| target.name == name).expect("a known target")
    });
    (target.run)(bytes);
});
