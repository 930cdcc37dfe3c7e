//! Settings, each with a typed getter.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

/// How far the rules are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PostgresGucEnum)]
pub enum Enforcement {
    #[name = c"enforce"]
    Enforce,
    #[name = c"permissive"]
    Permissive,
    #[name = c"off"]
    Off,
}

impl Enforcement {
    pub const fn as_str(self) -> &'static str {
        match self {
            Enforcement::Enforce => "enforce",
            Enforcement::Permissive => "permissive",
            Enforcement::Off => "off",
        }
    }
}

static ENFORCEMENT: GucSetting<Enforcement> = GucSetting::<Enforcement>::new(Enforcement::Enforce);
static INCLUDE_DEPRECATED: GucSetting<bool> = GucSetting::<bool>::new(false);
static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(5000);
static ROLLBACK_WINDOW: GucSetting<i32> = GucSetting::<i32>::new(24 * 60);
static ALLOW_BREAKING_DDL: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Defines the settings. Called once, when the library is loaded.
pub fn define() {
    GucRegistry::define_enum_guc(
        c"spyne.enforcement",
        c"How far spyne's rules are enforced.",
        c"enforce: a statement that breaks a rule is refused. permissive: it runs, and the server log says what would have been refused. off: nothing is checked, for restore and upgrade.",
        &ENFORCEMENT,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"spyne.include_deprecated",
        c"Whether this session may read DEPRECATED tables.",
        c"A deprecated table is hidden from those who do not ask for it; writing to it stays forbidden.",
        &INCLUDE_DEPRECATED,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"spyne.lock_timeout",
        c"How long a change of state waits for a lock.",
        c"A change of state that cannot have its locks within this time is refused, and nothing is changed. 0 waits as long as it takes.",
        &LOCK_TIMEOUT,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"spyne.rollback_window",
        c"How long a superseded table is kept as a fallback.",
        c"Within this time after its deprecation a superseded table cannot be unregistered, and so not dropped, without an override that is recorded.",
        &ROLLBACK_WINDOW,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_MIN,
    );
    GucRegistry::define_bool_guc(
        c"spyne.allow_breaking_ddl",
        c"Whether breaking DDL on an ACTIVE table is let through.",
        c"Set by an administrator for one transaction, with SET LOCAL.",
        &ALLOW_BREAKING_DDL,
        GucContext::Suset,
        GucFlags::default(),
    );
    crate::pg::hooks::reserve_settings(c"spyne");
}

pub fn enforcement() -> Enforcement {
    ENFORCEMENT.get()
}

pub fn include_deprecated() -> bool {
    INCLUDE_DEPRECATED.get()
}

/// In ms; 0 is no limit.
pub fn lock_timeout_ms() -> i32 {
    LOCK_TIMEOUT.get()
}

/// In minutes.
pub fn rollback_window_minutes() -> i32 {
    ROLLBACK_WINDOW.get()
}
