//! Makes a situation: the objects that exist, and the command that is given.

use spyne_core::kernel::names::{Address, quote, with_suffix};

use crate::chance::Chance;

/// The names of tables and columns: plain ones, and ones in need of quotes of every
/// kind.
const BASES: [&str; 8] = [
    "orders",
    "customer",
    r#"O'Brien "x""#,
    "Order Lines",
    "v1.5",
    "ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßx",
    "select",
    r"a\b",
];

/// Roles of the cluster that tables belong to and are open to, as they are typed.
pub const OWNERS: [&str; 4] = ["postgres", "engineer", r#""App Owner""#, r#""O'Neill ""y""""#];
pub const READERS: [&str; 4] = ["viewer", "PUBLIC", r#""App Owner""#, r#""O'Neill ""y""""#];

/// A command, with all its arguments but `dry_run`.
pub struct Call {
    pub function: &'static str,
    /// A query in braces stands for its value, which the superuser asks for.
    pub arguments: String,
    /// The user who gives the command.
    pub role: &'static str,
}

/// The objects that exist, and the command that is given.
pub struct Situation {
    pub number: usize,
    /// The choices that were made, in words.
    pub about: Vec<&'static str>,
    /// Statements of the superuser.
    pub setup: Vec<String>,
    pub call: Call,
}

/// A situation in the making.
pub struct Scene {
    pub chance: Chance,
    number: usize,
    base: &'static str,
    schema: String,
    /// Whether some table of the scene is partitioned.
    pub partitioned: bool,
    setup: Vec<String>,
    about: Vec<&'static str>,
}

impl Scene {
    /// The scene with this number, by which names, schemas and other choices differ.
    pub fn new(number: usize) -> Scene {
        let mut chance = Chance::new(number as u64);
        let base = chance.of(&BASES);
        let mut scene = Scene {
            chance,
            number,
            base,
            schema: "public".to_string(),
            partitioned: false,
            setup: vec!["SELECT FROM spyne_set_system_mode('INGESTION_READY', 'a scene')".into()],
            about: vec![base],
        };
        if scene.maybe(60, "a schema of its own") {
            scene.schema = scene.name("schema");
            scene.add(format!("CREATE SCHEMA {}", quote(&scene.schema)));
            if !scene.maybe(10, "which is closed") {
                scene.add(format!("GRANT USAGE ON SCHEMA {} TO PUBLIC", quote(&scene.schema)));
            }
        }
        scene
    }

    /// The name of this scene with a suffix. It is as long as names may be where the
    /// base is.
    pub fn name(&self, suffix: &str) -> String {
        with_suffix(self.base, &format!("_{}{suffix}", self.number))
    }

    /// The same, quoted.
    pub fn quoted(&self, suffix: &str) -> String {
        quote(&self.name(suffix))
    }

    /// The address of the relation with this name.
    pub fn at(&self, suffix: &str) -> Address {
        Address::new(&self.schema, self.name(suffix))
    }

    /// The address of the shadow of a name.
    pub fn shadow(&self, suffix: &str) -> Address {
        Address::new("spyne_shadow", self.name(suffix))
    }

    /// Its schema, quoted.
    pub fn schema(&self) -> String {
        quote(&self.schema)
    }

    /// Adds a statement.
    pub fn add(&mut self, sql: impl Into<String>) {
        self.setup.push(sql.into());
    }

    /// Adds a statement that spyne's own rules would refuse.
    pub fn force(&mut self, sql: impl AsRef<str>) {
        self.setup.push(format!(
            "SET spyne.enforcement = off; {}; RESET spyne.enforcement",
            sql.as_ref()
        ));
    }

    /// Decides that something is so in `percent` of a hundred scenes.
    pub fn maybe(&mut self, percent: usize, about: &'static str) -> bool {
        let so = self.chance.in_hundred(percent);
        if so {
            self.about.push(about);
        }
        so
    }

    /// Whether this choice was made.
    pub fn has(&self, about: &str) -> bool {
        self.about.contains(&about)
    }

    /// Chooses one of several, each with its words.
    pub fn which(&mut self, several: &[&'static str]) -> &'static str {
        let chosen = self.chance.of(several);
        self.about.push(chosen);
        chosen
    }

    /// Completes the situation with a command, mostly of a user who may give it.
    pub fn call(self, function: &'static str, arguments: String) -> Situation {
        self.call_as(&["postgres", "admin", "admin", "admin"], function, arguments)
    }

    /// Completes the situation with a command of one of these users; now and then of
    /// another.
    pub fn call_as(
        mut self,
        roles: &[&'static str],
        function: &'static str,
        arguments: String,
    ) -> Situation {
        let role = match self.chance.below(12) {
            0 => self.chance.of(&["engineer", "viewer", "analyst"]),
            _ => self.chance.of(roles),
        };
        self.about.push(role);
        let call = Call { function, arguments, role };
        Situation { number: self.number, about: self.about, setup: self.setup, call }
    }
}
