//! One element with all that is in it, held in two vectors, so that reading the next one costs no
//! memory.

use crate::exchange::limits::{ENTRY_BYTES, ENTRY_ELEMENTS, EXCERPT_CHARS};
use crate::exchange::problem::{Fault, Place};

/// An element and what is in it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The path of the root of the tree from the root of the file.
    base: String,
    nodes: Vec<Node>,
    /// Names, texts and currencies.
    letters: String,
    /// The innermost element that is open while the tree is read.
    innermost: Option<u32>,
    /// Elements that were left out and are open.
    left_out: u32,
    overflow: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    name: Span,
    text: Span,
    currency: Option<Span>,
    place: Place,
    parent: Option<u32>,
    /// How many of its name stand together up to this one.
    nth: u32,
    last_child: Option<u32>,
    /// The node after the last one inside of this; 0 while it is open.
    end: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// One element of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'t> {
    tree: &'t Tree,
    index: u32,
}

impl Tree {
    /// Returns why the tree is incomplete, if it is.
    pub fn overflow(&self) -> Option<&Fault> {
        self.overflow.as_ref()
    }

    /// Returns the root of the tree.
    pub fn root(&self) -> Element<'_> {
        Element { tree: self, index: 0 }
    }

    pub fn start(&mut self, base: String, name: &str, currency: Option<&str>, place: Place) {
        self.base = base;
        self.nodes.clear();
        self.letters.clear();
        (self.innermost, self.left_out, self.overflow) = (None, 0, None);
        self.open(name, currency, place);
    }

    pub fn open(&mut self, name: &str, currency: Option<&str>, place: Place) {
        let bytes = self.letters.len() + name.len() + currency.map_or(0, str::len);
        if self.nodes.len() >= ENTRY_ELEMENTS {
            self.leave_out(Fault::Limit { what: "elements in one", most: ENTRY_ELEMENTS as u64 });
        } else if bytes > ENTRY_BYTES {
            self.leave_out(Fault::Limit { what: "bytes in one element", most: ENTRY_BYTES as u64 });
        }
        if self.overflow.is_some() {
            self.left_out += 1;
            return;
        }
        let name = self.append(name);
        let currency = currency.map(|currency| self.append(currency));
        let text = self.append("");
        let parent = self.innermost;
        let index = self.nodes.len() as u32;
        let nth = self.nth(parent, index, name);
        self.innermost = Some(index);
        let (last_child, end) = (None, 0);
        self.nodes.push(Node { name, text, currency, place, parent, nth, last_child, end });
    }

    pub fn text(&mut self, text: &str) {
        if self.letters.len() + text.len() > ENTRY_BYTES {
            self.leave_out(Fault::Limit { what: "bytes in one element", most: ENTRY_BYTES as u64 });
        }
        if self.overflow.is_some() {
            return;
        }
        // Text beside child elements means nothing in these messages.
        let last = self.nodes.len().checked_sub(1).map(|last| last as u32);
        if last != self.innermost || last.is_none() {
            return;
        }
        let end = self.append(text).end;
        if let Some(node) = self.nodes.last_mut() {
            node.text.end = end;
        }
    }

    pub fn close(&mut self) {
        if self.left_out > 0 {
            self.left_out -= 1;
            return;
        }
        let end = self.nodes.len() as u32;
        let Some(node) = self.innermost.and_then(|at| self.nodes.get_mut(at as usize)) else {
            return;
        };
        node.end = end;
        self.innermost = node.parent;
    }

    /// Counts a new child of a parent, for its path: at once, because a stranger chooses how many there
    /// are and how many of them are wrong.
    fn nth(&mut self, parent: Option<u32>, child: u32, name: Span) -> u32 {
        let Some(parent) = parent.and_then(|at| self.nodes.get_mut(at as usize)) else { return 1 };
        let before = parent.last_child.replace(child).map(|before| *self.node(before));
        let twin = before.filter(|before| self.slice(before.name) == self.slice(name));
        twin.map_or(1, |twin| twin.nth + 1)
    }

    fn leave_out(&mut self, fault: Fault) {
        self.overflow.get_or_insert(fault);
    }

    /// Sizes fit in 32 bits: `ENTRY_BYTES` and `ENTRY_ELEMENTS` do.
    fn append(&mut self, text: &str) -> Span {
        let start = self.letters.len() as u32;
        self.letters.push_str(text);
        Span { start, end: self.letters.len() as u32 }
    }

    fn slice(&self, span: Span) -> &str {
        self.letters.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn node(&self, index: u32) -> &Node {
        self.nodes.get(index as usize).expect("an element is made only of a node that is there")
    }
}

impl<'t> Element<'t> {
    /// Returns its name, without prefix.
    pub fn name(self) -> &'t str {
        self.tree.slice(self.tree.node(self.index).name)
    }

    /// Returns its text, without space at the ends; empty if it has children.
    pub fn text(self) -> &'t str {
        self.tree.slice(self.tree.node(self.index).text).trim()
    }

    /// Returns its currency attribute.
    pub fn currency(self) -> Option<&'t str> {
        self.tree.node(self.index).currency.map(|span| self.tree.slice(span))
    }

    /// Returns where it begins.
    pub fn place(self) -> Place {
        self.tree.node(self.index).place
    }

    /// Returns its children.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'t> {
        let tree = self.tree;
        let end = tree.node(self.index).end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let index = (next < end).then_some(next)?;
            next = tree.node(index).end.max(index + 1);
            Some(Self { tree, index })
        })
    }

    /// Returns its children of that name.
    pub fn all(self, name: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.name() == name)
    }

    /// Returns the first element at a path such as `Rsn/Cd`.
    pub fn at(self, path: &str) -> Option<Self> {
        path.split('/').try_fold(self, |element, name| element.all(name).next())
    }

    /// Returns the path from the root of the file.
    pub fn path(self) -> String {
        let mut above = vec![self];
        while let Some(parent) = above.last().and_then(|e| e.tree.node(e.index).parent) {
            above.push(Self { tree: self.tree, index: parent });
        }
        let mut path = self.tree.base.clone();
        for step in above.into_iter().rev().skip(1) {
            push_step(&mut path, step.name(), step.tree.node(step.index).nth);
        }
        path
    }
}

/// Adds a step to a path: `Ntry`, or `Ntry[2]` for the second of that name. Names of other elements than
/// the messages have are shortened, and lose what could steer a terminal.
pub(super) fn push_step(path: &mut String, name: &str, nth: u32) {
    if !path.is_empty() {
        path.push('/');
    }
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '?' };
    path.extend(name.chars().take(EXCERPT_CHARS).map(plain));
    if nth > 1 {
        path.push_str(&format!("[{nth}]"));
    }
}
