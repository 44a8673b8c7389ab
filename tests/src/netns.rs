//! Networks made for a test: namespaces of the kernel, cables, bridges, routers with NAT, loss and cuts.
//!
//! All of it is inside namespaces whose names begin with the id of this process, so nothing of the
//! machine's own network is touched, and what a killed test left behind is found and deleted by the next.
//! Root, `ip`, `nft` and `nsenter` are needed; where they are missing, [`World::make`] says so.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::Trouble;

/// What every namespace of ours is called first; then follow the process, a number and a name.
const MARK: &str = "caisse-test";

/// Where `ip` keeps the names of namespaces.
const NAMES: &str = "/run/netns";

/// How long a connection may take to be made; a cut one would take minutes to fail.
const CONNECT: Duration = Duration::from_secs(3);

/// Numbers of worlds and of trials of this process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A network of a test, deleted when this is dropped. Keep it longer than the processes in it.
#[derive(Debug)]
pub struct World {
    prefix: String,
    names: Vec<String>,
}

/// What came of the wish for a network.
#[derive(Debug)]
pub enum Made {
    /// Here it is.
    World(World),
    /// It cannot be had here, and why; a test says so and ends.
    Skipped(String),
}

/// One namespace: a computer, a router or a street of the test's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    name: String,
}

/// One end of a cable: in which namespace, what it is called there, and which address it has.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The namespace.
    pub space: &'a Space,
    /// The name of the interface there, at most 15 characters.
    pub name: &'a str,
    /// The address with its prefix, such as `10.0.1.2/24`; `None` for a port of a bridge.
    pub address: Option<&'a str>,
}

/// How the router of a household translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// A port is kept if it is free: what most routers do, and what hole punching lives from.
    KeepsPorts,
    /// Every connection gets a port by chance, as carriers do: only a relay helps.
    AnyPort,
}

impl World {
    /// Begins an empty network, and deletes what tests that are no longer running left behind.
    ///
    /// # Errors
    /// [`Trouble`] if it should be possible and is not.
    pub fn make() -> Result<Made, Trouble> {
        if let Some(why) = missing() {
            return Ok(Made::Skipped(why));
        }
        sweep()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{MARK}-{}-{number}", std::process::id());
        Ok(Made::World(Self { prefix, names: Vec::new() }))
    }

    /// Adds a namespace, with its loopback interface.
    ///
    /// # Errors
    /// [`Trouble::Answer`] with the words of `ip`.
    pub fn space(&mut self, name: &str) -> Result<Space, Trouble> {
        let name = format!("{}-{name}", self.prefix);
        ip(&["netns", "add", &name])?;
        self.names.push(name.clone());
        let space = Space { name };
        space.ip(&["link", "set", "lo", "up"])?;
        Ok(space)
    }

    /// Adds a namespace that is one wire for many: what is plugged into it (see [`Space::plug`]) sees all
    /// others.
    ///
    /// # Errors
    /// As [`World::space`].
    pub fn street(&mut self, name: &str) -> Result<Space, Trouble> {
        let street = self.space(name)?;
        street.ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        street.ip(&["link", "set", BRIDGE, "up"])?;
        Ok(street)
    }

    /// Adds a household: a router with an address in a street, and behind it a computer at
    /// `10.HOUSEHOLD.0.2`, whose interface is `eth0`.
    ///
    /// # Errors
    /// As [`World::space`].
    pub fn household(
        &mut self,
        number: u8,
        street: &Space,
        address: &str,
        nat: Nat,
    ) -> Result<Household, Trouble> {
        let router = self.space(&format!("router{number}"))?;
        let computer = self.space(&format!("home{number}"))?;
        router.plug(street, "wan", address)?;
        let (inside, own) = (format!("10.{number}.0.1/24"), format!("10.{number}.0.2/24"));
        cable(
            End { space: &router, name: "lan", address: Some(&inside) },
            End { space: &computer, name: "eth0", address: Some(&own) },
        )?;
        computer.gateway(Ipv4Addr::new(10, number, 0, 1))?;
        router.translate("wan", nat)?;
        Ok(Household { router, computer })
    }
}

/// A home with its router.
#[derive(Clone, Debug)]
pub struct Household {
    /// The router: `wan` towards the street, `lan` towards the computer.
    pub router: Space,
    /// The computer: `eth0`.
    pub computer: Space,
}

/// The bridge of a street.
const BRIDGE: &str = "street";

/// Connects two namespaces by a cable.
///
/// # Errors
/// [`Trouble::Answer`] with the words of `ip`.
pub fn cable(one: End<'_>, other: End<'_>) -> Result<(), Trouble> {
    let (near, far) = (&one.space.name, &other.space.name);
    ip(&[
        "link", "add", one.name, "netns", near, "type", "veth", "peer", "name", other.name,
        "netns", far,
    ])?;
    for end in [one, other] {
        if let Some(address) = end.address {
            end.space.ip(&["addr", "add", address, "dev", end.name])?;
        }
        end.space.ip(&["link", "set", end.name, "up"])?;
    }
    Ok(())
}

impl Space {
    /// Returns the name by which `ip netns` knows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Plugs an interface of this namespace into a street.
    ///
    /// # Errors
    /// As [`cable`].
    pub fn plug(&self, street: &Self, name: &str, address: &str) -> Result<(), Trouble> {
        static PORTS: AtomicU32 = AtomicU32::new(0);
        let port = format!("port{}", PORTS.fetch_add(1, Ordering::Relaxed));
        cable(
            End { space: self, name, address: Some(address) },
            End { space: street, name: &port, address: None },
        )?;
        street.ip(&["link", "set", &port, "master", BRIDGE])
    }

    /// Sends everything that is not for the local network to a router.
    ///
    /// # Errors
    /// As [`cable`].
    pub fn gateway(&self, router: Ipv4Addr) -> Result<(), Trouble> {
        self.ip(&["route", "replace", "default", "via", &router.to_string()])
    }

    /// Makes a router of this namespace that translates the addresses of those behind it, and lets in only
    /// what they began.
    ///
    /// # Errors
    /// [`Trouble::Answer`] with the words of `nft`.
    pub fn translate(&self, outside: &str, nat: Nat) -> Result<(), Trouble> {
        self.forward()?;
        let how = match nat {
            Nat::KeepsPorts => "masquerade",
            Nat::AnyPort => "masquerade fully-random",
        };
        // A home router drops what nobody asked for; if it refused, a hole could not be punched.
        self.nft(&format!(
            "table ip nat {{\n\
             chain out {{\ntype nat hook postrouting priority 100\noifname {outside:?} {how}\n}}\n\
             chain through {{\ntype filter hook forward priority 0\n\
             iifname {outside:?} ct state established,related accept\niifname {outside:?} drop\n}}\n\
             chain own {{\ntype filter hook input priority 0\n\
             iifname {outside:?} ct state established,related accept\niifname {outside:?} drop\n}}\n\
             }}\n"
        ))
    }

    /// Makes a router of this namespace that translates nothing.
    ///
    /// # Errors
    /// [`Trouble::Io`].
    pub fn forward(&self) -> Result<(), Trouble> {
        // `/proc/sys/net` is that of the namespace of whoever looks.
        let switch = "echo 1 > /proc/sys/net/ipv4/ip_forward";
        run(self.command("sh").args(["-c", switch])).map(drop)
    }

    /// Loses so many percent of what comes to this namespace, by chance; 0 ends it. What the test itself
    /// asks for over loopback is not touched.
    ///
    /// # Errors
    /// As [`Space::translate`].
    pub fn lose(&self, percent: u8) -> Result<(), Trouble> {
        let rule = match percent {
            0 => String::new(),
            1..=99 => format!("iifname != \"lo\" numgen random mod 100 < {percent} drop"),
            100.. => "iifname != \"lo\" drop".to_owned(),
        };
        self.rule("loss", &[rule])
    }

    /// Hears nothing any more that comes from these addresses, while they go on to hear this namespace: a
    /// one-way cut. Without addresses the cut is mended.
    ///
    /// # Errors
    /// As [`Space::translate`].
    pub fn deaf_to(&self, addresses: &[Ipv4Addr]) -> Result<(), Trouble> {
        let drop = |address: &Ipv4Addr| format!("ip saddr {address} drop");
        self.rule("cut", &addresses.iter().map(drop).collect::<Vec<_>>())
    }

    /// Replaces the address of an interface; what was connected from the old one is lost, and so is a way
    /// through a gateway (see [`Space::gateway`]).
    ///
    /// # Errors
    /// As [`cable`].
    pub fn move_to(&self, interface: &str, address: &str) -> Result<(), Trouble> {
        self.ip(&["addr", "flush", "dev", interface])?;
        self.ip(&["addr", "add", address, "dev", interface])
    }

    /// Turns an interface on or off: a pulled cable.
    ///
    /// # Errors
    /// As [`cable`].
    pub fn set_up(&self, interface: &str, up: bool) -> Result<(), Trouble> {
        self.ip(&["link", "set", interface, if up { "up" } else { "down" }])
    }

    /// Replaces one chain of what comes in, in a table of its own.
    fn rule(&self, table: &str, lines: &[String]) -> Result<(), Trouble> {
        let lines = lines.join("\n");
        self.nft(&format!(
            "table ip {table}\ndelete table ip {table}\n\
             table ip {table} {{\nchain in {{\ntype filter hook prerouting priority -300\n{lines}\n}}\n}}\n"
        ))
    }

    /// Carries out a script of `nft` in this namespace, all or nothing.
    ///
    /// # Errors
    /// [`Trouble::Answer`] with the words of `nft`.
    pub fn nft(&self, script: &str) -> Result<(), Trouble> {
        let mut command = self.command("nft");
        command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child =
            command.stderr(Stdio::piped()).spawn().map_err(Trouble::io("running nft"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(script.as_bytes()).map_err(Trouble::io("telling nft"))?;
        }
        let output = child.wait_with_output().map_err(Trouble::io("running nft"))?;
        well(&output, &format!("nft: {script}"))
    }

    fn ip(&self, words: &[&str]) -> Result<(), Trouble> {
        ip(&[&["-n", self.name.as_str()], words].concat())
    }

    /// Returns a command that will run in this namespace, under its own process id.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={NAMES}/{}", self.name)).arg(program.as_ref());
        command.stdin(Stdio::null());
        command
    }

    /// Does something as a process of this namespace would: a socket stays where it was made.
    ///
    /// # Errors
    /// The words of the operating system.
    pub fn inside<T: Send>(
        &self,
        what: impl FnOnce() -> std::io::Result<T> + Send,
    ) -> std::io::Result<T> {
        let entered = || {
            let name = File::open(Path::new(NAMES).join(&self.name))?;
            move_into_link_name_space(name.as_fd(), Some(LinkNameSpaceType::Network))?;
            what()
        };
        // A thread of its own, because nobody can tell a thread to come back.
        let done = std::thread::scope(|scope| scope.spawn(entered).join());
        done.map_err(|_| std::io::Error::other("the thread broke"))?
    }

    /// Connects to an address as seen from this namespace.
    ///
    /// # Errors
    /// The words of the operating system.
    pub fn connect(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        self.inside(|| TcpStream::connect_timeout(&address, CONNECT))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for name in &self.names {
            // What cannot be deleted now is deleted by the next test.
            let _ = ip(&["netns", "del", name]);
        }
    }
}

/// Returns why there can be no network here, if so.
fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("network namespaces need root".to_owned());
    }
    let tools = [("ip", "iproute2"), ("nft", "nftables"), ("nsenter", "util-linux")];
    for (tool, package) in tools {
        if Command::new(tool).arg("--version").output().is_err() {
            return Some(format!("{tool} is missing (Debian: {package})"));
        }
    }
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let trial = format!("{MARK}-{}-{number}-trial", std::process::id());
    if let Err(why) = ip(&["netns", "add", &trial]) {
        return Some(format!("this kernel makes no network namespace: {why}"));
    }
    let space = Space { name: trial };
    let natural =
        space.nft("table ip t {\nchain c {\ntype nat hook postrouting priority 100\n}\n}\n");
    let random = space.lose(1);
    let _ = ip(&["netns", "del", &space.name]);
    natural.and(random).err().map(|why| format!("this kernel has no NAT or no chance: {why}"))
}

/// Deletes the namespaces of tests whose process is gone.
fn sweep() -> Result<(), Trouble> {
    let Ok(list) = std::fs::read_dir(NAMES) else {
        return Ok(());
    };
    for name in list.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let process = name.strip_prefix(MARK).and_then(|rest| rest.split('-').nth(1));
        let is_gone = |process| !Path::new("/proc").join(process).exists();
        if process.is_some_and(is_gone) {
            // Another test may sweep at the same time.
            let _ = ip(&["netns", "del", &name]);
        }
    }
    Ok(())
}

fn ip(words: &[&str]) -> Result<(), Trouble> {
    run(Command::new("ip").args(words)).map(drop)
}

fn run(command: &mut Command) -> Result<Output, Trouble> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(Trouble::io(format!("{command:?}")))?;
    well(&output, &format!("{command:?}"))?;
    Ok(output)
}

fn well(output: &Output, what: &str) -> Result<(), Trouble> {
    if output.status.success() {
        return Ok(());
    }
    Err(Trouble::answer(what, String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
    const DOOR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(HOST), 4_000);

    fn world() -> Option<World> {
        match World::make().expect("a network can be made or not") {
            Made::World(world) => Some(world),
            Made::Skipped(why) => {
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    /// A street with a host in it that listens, and a household behind a router.
    fn street(world: &mut World) -> Result<(Space, Household, TcpListener), Trouble> {
        let street = world.street("street")?;
        let host = world.space("host")?;
        host.plug(&street, "eth0", "203.0.113.1/24")?;
        let home = world.household(1, &street, "203.0.113.2/24", Nat::KeepsPorts)?;
        let listener = host.inside(|| TcpListener::bind(DOOR)).map_err(Trouble::io("listening"))?;
        Ok((host, home, listener))
    }

    #[test]
    fn a_household_reaches_the_street_through_its_router_and_nobody_reaches_it()
    -> Result<(), Trouble> {
        let Some(mut world) = world() else { return Ok(()) };
        let (host, home, listener) = street(&mut world)?;
        let _near = home.computer.connect(DOOR).map_err(Trouble::io("connecting"))?;
        let (_, from) = listener.accept().map_err(Trouble::io("accepting"))?;
        assert_eq!(from.ip().to_string(), "203.0.113.2", "the router's address is seen");
        let hidden = SocketAddr::from(([203, 0, 113, 2], 4_000));
        home.computer
            .inside(|| {
                TcpListener::bind(("0.0.0.0", 4_000)).map(|_listener| {
                    assert!(host.connect(hidden).is_err(), "nothing comes in unasked");
                })
            })
            .map_err(Trouble::io("listening"))
    }

    #[test]
    fn losses_cuts_and_new_addresses_are_made_and_mended() -> Result<(), Trouble> {
        let Some(mut world) = world() else { return Ok(()) };
        let (host, home, listener) = street(&mut world)?;
        let reaches = |space: &Space| space.connect(DOOR).is_ok();
        assert!(reaches(&home.computer));
        host.deaf_to(&[Ipv4Addr::new(203, 0, 113, 2)])?;
        assert!(!reaches(&home.computer), "the host hears nothing of it");
        host.deaf_to(&[])?;
        assert!(reaches(&home.computer));
        host.lose(100)?;
        assert!(!reaches(&home.computer));
        host.lose(0)?;
        home.router.move_to("wan", "203.0.113.9/24")?;
        while listener.set_nonblocking(true).is_ok() && listener.accept().is_ok() {}
        assert!(reaches(&home.computer));
        let (_, from) = listener.accept().map_err(Trouble::io("accepting"))?;
        assert_eq!(from.ip().to_string(), "203.0.113.9");
        Ok(())
    }

    #[test]
    fn a_world_that_is_dropped_leaves_nothing_behind() -> Result<(), Trouble> {
        let Some(mut world) = world() else { return Ok(()) };
        let space = world.space("alone")?;
        let path = Path::new(NAMES).join(space.name());
        assert!(path.exists());
        drop(world);
        assert!(!path.exists());
        Ok(())
    }
}
