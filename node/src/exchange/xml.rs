//! XML from strangers, read element by element: no document type, no entities, nothing unbounded.

mod tree;

use std::io::Read;

use quick_xml::NsReader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::limits::{ATTRIBUTES_PER_ELEMENT, DEPTH, NAMESPACES_PER_ELEMENT};
use super::problem::{Consequence, Fault, Place, Problem, excerpt, foreign_words};
use super::source::Source;

pub(super) use tree::{Element, Tree};

/// A reader of one message. It stands inside an element; [`Xml::next_child`] steps into the next
/// child, and after that the child is read into a [`Tree`], skipped, or stepped through.
pub(super) struct Xml<R: Read> {
    reader: NsReader<Source<R>>,
    buffer: Vec<u8>,
    namespace: String,
    open: Vec<Opened>,
    /// What the last step met: its name, its `Ccy`, its place.
    seen: Seen,
}

/// An element whose end was not met yet.
#[derive(Debug, Default)]
struct Opened {
    name: String,
    /// The name of the last child, and how many of this name stood together.
    child: String,
    nth: u32,
}

#[derive(Debug, Default)]
struct Seen {
    name: String,
    currency: Option<String>,
    text: String,
    place: Place,
}

/// What one step through the file met.
enum Step {
    /// An element of the message begins.
    Open,
    /// An element of another namespace begins.
    Foreign,
    /// Text inside of the element.
    Text,
    /// The element ends.
    Close,
    /// The file ends.
    End,
}

impl<R: Read> Xml<R> {
    /// Reads the beginning of a file up to its root element.
    ///
    /// # Errors
    /// [`Problem`] if it is not readable as XML, or has no root element in a namespace.
    pub fn open(input: R) -> Result<Self, Problem> {
        let start = Place { line: 1, column: 1 };
        let source = Source::open(input).map_err(|fault| refused(start, fault))?;
        let mut reader = NsReader::from_reader(source);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(NAMESPACES_PER_ELEMENT);
        let (buffer, namespace) = (Vec::new(), String::new());
        let mut xml = Self { reader, buffer, namespace, open: Vec::new(), seen: Seen::default() };
        loop {
            match xml.step()? {
                Step::Open | Step::Foreign => break,
                // Only white space may stand there, but a stray sign hurts nobody.
                Step::Text => {}
                Step::Close | Step::End => {
                    return Err(xml.refuse(Fault::Missing("the root element")));
                }
            }
        }
        xml.enter();
        Ok(xml)
    }

    /// Returns the namespace of the root element.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the name of the element that was stepped into last.
    pub fn name(&self) -> &str {
        self.open.last().map_or("", |open| &open.name)
    }

    /// Returns the path of the open element from the root.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (depth, open) in self.open.iter().enumerate() {
            let nth =
                depth.checked_sub(1).and_then(|above| self.open.get(above)).map_or(1, |o| o.nth);
            tree::push_step(&mut path, &open.name, nth);
        }
        path
    }

    /// Steps into the next child of the open element; `false` if there is none and the element ended.
    pub fn next_child(&mut self) -> Result<bool, Problem> {
        loop {
            match self.step()? {
                Step::Open => {
                    self.enter();
                    return Ok(true);
                }
                Step::Foreign => {
                    self.enter();
                    self.skip()?;
                }
                Step::Text => {}
                Step::Close => {
                    self.open.pop();
                    return Ok(false);
                }
                Step::End => return Err(self.refuse(Fault::Truncated)),
            }
        }
    }

    /// Reads the rest of the open element, to forget it.
    pub fn skip(&mut self) -> Result<(), Problem> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.step()? {
                Step::Open | Step::Foreign => depth += 1,
                Step::Text => {}
                Step::Close => depth -= 1,
                Step::End => return Err(self.refuse(Fault::Truncated)),
            }
            self.check_depth(depth)?;
        }
        self.open.pop();
        Ok(())
    }

    /// Reads the rest of the open element into a tree, which is cleared first. A tree that would be
    /// too large stays [incomplete](Tree::overflow), and the element is read to its end.
    pub fn read_tree(&mut self, tree: &mut Tree) -> Result<(), Problem> {
        tree.start(self.path(), self.name(), self.seen.currency.as_deref(), self.seen.place);
        let mut depth = 1_usize;
        while depth > 0 {
            match self.step()? {
                Step::Open => {
                    depth += 1;
                    tree.open(&self.seen.name, self.seen.currency.as_deref(), self.seen.place);
                }
                Step::Foreign => {
                    self.enter();
                    self.skip()?;
                }
                Step::Text => tree.text(&self.seen.text),
                Step::Close => {
                    depth -= 1;
                    tree.close();
                }
                Step::End => return Err(self.refuse(Fault::Truncated)),
            }
            self.check_depth(depth)?;
        }
        self.open.pop();
        Ok(())
    }

    /// Reads what follows the root element, so that a second one is not overlooked.
    pub fn finish(mut self) -> Result<(), Problem> {
        loop {
            match self.step()? {
                Step::End => return Ok(()),
                Step::Text if self.seen.text.trim().is_empty() => {}
                Step::Text | Step::Open | Step::Foreign | Step::Close => {
                    let why = "something follows the end of the message".to_owned();
                    return Err(self.refuse(Fault::Malformed(why)));
                }
            }
        }
    }

    /// Makes the problem that refuses the file at the last step.
    pub fn refuse(&self, fault: Fault) -> Problem {
        Problem { path: self.path(), ..refused(self.seen.place, fault) }
    }

    fn check_depth(&self, below: usize) -> Result<(), Problem> {
        if self.open.len() + below > DEPTH {
            let fault = Fault::Limit { what: "levels of elements", most: DEPTH as u64 };
            return Err(self.refuse(fault));
        }
        Ok(())
    }

    /// Makes the element that was met the open one.
    fn enter(&mut self) {
        if let Some(parent) = self.open.last_mut() {
            if parent.child == self.seen.name {
                parent.nth = parent.nth.saturating_add(1);
            } else {
                parent.child.clone_from(&self.seen.name);
                parent.nth = 1;
            }
        }
        self.open.push(Opened { name: self.seen.name.clone(), ..Opened::default() });
    }

    /// Reads up to the next thing that matters.
    fn step(&mut self) -> Result<Step, Problem> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let step = loop {
            buffer.clear();
            let source = self.reader.get_mut();
            source.begin_piece();
            self.seen.place = source.place();
            let event = self.reader.read_event_into(&mut buffer);
            let met = match event {
                Ok(event) => self.seen.take_event(&event, &self.reader, &mut self.namespace),
                Err(why) => Err(fault_of(&why, self.reader.get_mut().take_fault())),
            };
            match met {
                Ok(None) => {}
                Ok(Some(step)) => break step,
                Err(fault) => return Err(self.refuse(fault)),
            }
        };
        self.buffer = buffer;
        Ok(step)
    }
}

impl Seen {
    /// Takes over what an event says; nothing for what does not matter.
    fn take_event<R>(
        &mut self,
        event: &Event<'_>,
        reader: &NsReader<R>,
        namespace: &mut String,
    ) -> Result<Option<Step>, Fault> {
        match event {
            Event::Start(start) | Event::Empty(start) => {
                self.take_start(start)?;
                let (resolved, _) = reader.resolver().resolve_element(start.name());
                let bound = match resolved {
                    ResolveResult::Bound(Namespace(bound)) => bound,
                    ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
                };
                if namespace.is_empty() {
                    bound.clone_into(namespace);
                }
                Ok(Some(if bound == namespace { Step::Open } else { Step::Foreign }))
            }
            Event::End(_) => Ok(Some(Step::Close)),
            Event::Text(text) => {
                self.text.clear();
                self.text.push_str(&text.xml10_content());
                Ok(Some(Step::Text))
            }
            Event::CData(text) => {
                self.text.clear();
                self.text.push_str(&text.xml10_content());
                Ok(Some(Step::Text))
            }
            Event::GeneralRef(reference) => {
                self.text.clear();
                self.text.push(character_of(reference)?);
                Ok(Some(Step::Text))
            }
            Event::DocType(_) => Err(Fault::DocumentType),
            Event::Eof => Ok(Some(Step::End)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(None),
        }
    }

    fn take_start(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.name.clear();
        self.name.push_str(start.local_name().into_inner());
        self.currency = None;
        for (count, attribute) in start.attributes().with_checks(false).enumerate() {
            if count >= ATTRIBUTES_PER_ELEMENT {
                let most = ATTRIBUTES_PER_ELEMENT as u64;
                return Err(Fault::Limit { what: "attributes on an element", most });
            }
            let attribute =
                attribute.map_err(|why| Fault::Malformed(foreign_words(&why.to_string())))?;
            if attribute.key.into_inner() == "Ccy" {
                self.currency = Some(attribute.value.into_owned());
            }
        }
        Ok(())
    }
}

/// Returns the character that a reference stands for: a numbered one, or one of XML's own five.
fn character_of(reference: &BytesRef<'_>) -> Result<char, Fault> {
    let unknown = || Fault::Entity(excerpt(reference).replace('"', ""));
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten().ok_or_else(unknown);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(unknown()),
    }
}

/// Returns what is wrong: as the source says, else as the XML reader does.
fn fault_of(why: &Error, of_source: Option<Fault>) -> Fault {
    if let Some(fault) = of_source {
        return fault;
    }
    match why {
        // Every other error of this kind is something that is still open at the end of the file.
        Error::Syntax(SyntaxError::InvalidBangMarkup) => Fault::Malformed(why.to_string()),
        Error::Syntax(_) => Fault::Truncated,
        Error::Io(why) => Fault::Unreadable(why.to_string()),
        _ => Fault::Malformed(foreign_words(&why.to_string())),
    }
}

fn refused(place: Place, fault: Fault) -> Problem {
    Problem { place, path: String::new(), fault, consequence: Consequence::FileRefused }
}
