//! Settings, each with a typed getter.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

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

/// Who must look at a statement before running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PostgresGucEnum)]
pub enum RequirePreview {
    #[name = c"off"]
    Off,
    #[name = c"users"]
    Users,
    #[name = c"all"]
    All,
}

impl RequirePreview {
    pub const fn as_str(self) -> &'static str {
        match self {
            RequirePreview::Off => "off",
            RequirePreview::Users => "users",
            RequirePreview::All => "all",
        }
    }
}

static REQUIRE_PREVIEW: GucSetting<RequirePreview> =
    GucSetting::<RequirePreview>::new(RequirePreview::Users);
static PREVIEW_TTL: GucSetting<i32> = GucSetting::<i32>::new(15 * 60);
static PREVIEW_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(24 * 60 * 60);
static MAX_FAN_OUT: GucSetting<f64> = GucSetting::<f64>::new(1000.0);
static MAX_JOIN_ROWS: GucSetting<f64> = GucSetting::<f64>::new(10_000_000.0);
static LARGE_TABLE_ROWS: GucSetting<f64> = GucSetting::<f64>::new(1_000_000.0);
static REQUIRE_ACCEPTED_JOINS: GucSetting<bool> = GucSetting::<bool>::new(false);
static JOIN_SAMPLE_ROWS: GucSetting<i32> = GucSetting::<i32>::new(2_000_000);
static JOIN_CANDIDATE_TTL: GucSetting<i32> = GucSetting::<i32>::new(30 * 24 * 60 * 60);
static MAX_ORPHAN_RATE: GucSetting<f64> = GucSetting::<f64>::new(0.05);
static ENFORCEMENT: GucSetting<Enforcement> = GucSetting::<Enforcement>::new(Enforcement::Enforce);
/// The value of `spyne.enforcement` when [`newly_lowered`] was called last.
static LAST_ENFORCEMENT: AtomicU8 = AtomicU8::new(Enforcement::Enforce as u8);
/// Whether pg_upgrade runs this server.
static STANDS_ASIDE: AtomicBool = AtomicBool::new(false);
static INCLUDE_DEPRECATED: GucSetting<bool> = GucSetting::<bool>::new(false);
static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(5000);
static ROLLBACK_WINDOW: GucSetting<i32> = GucSetting::<i32>::new(24 * 60);
static ALLOW_BREAKING_DDL: GucSetting<bool> = GucSetting::<bool>::new(false);

pub fn allow_breaking_ddl() -> bool {
    ALLOW_BREAKING_DDL.get()
}

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
    define_previews();
    define_joins();
}

fn define_joins() {
    GucRegistry::define_int_guc(
        c"spyne.join_sample_rows",
        c"Rows of a table that a discovery of joins reads for columns that may refer to another.",
        c"Of larger tables a sample of blocks is read. Columns that may be keys are always read in full.",
        &JOIN_SAMPLE_ROWS,
        1000,
        i32::MAX,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"spyne.join_candidate_ttl",
        c"How long a join candidate may be accepted after it was found.",
        c"Later its evidence is too old: it is to be found again.",
        &JOIN_CANDIDATE_TTL,
        1,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_float_guc(
        c"spyne.max_orphan_rate",
        c"The share of orphans, 0 to 1, above which a join is accepted only with an override.",
        c"Of the rows that have a value, those whose value the other table lacks.",
        &MAX_ORPHAN_RATE,
        0.0,
        1.0,
        GucContext::Suset,
        GucFlags::default(),
    );
}

fn define_previews() {
    GucRegistry::define_enum_guc(
        c"spyne.require_preview",
        c"Who must preview a statement on governed tables before running it.",
        c"off: nobody. users: everyone below spyne_admin. all: everyone. Reading the schema governed needs no preview. For a service account: ALTER ROLE ... SET spyne.require_preview = off.",
        &REQUIRE_PREVIEW,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"spyne.preview_ttl",
        c"How long a preview authorises its statement.",
        c"Reads may repeat until then; a write runs once.",
        &PREVIEW_TTL,
        1,
        7 * 24 * 60 * 60,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"spyne.preview_retention",
        c"How long an expired preview that was never run is kept.",
        c"Each new preview clears some that are older. Those that were run are kept with their runs.",
        &PREVIEW_RETENTION,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_float_guc(
        c"spyne.max_fan_out",
        c"The stop EXPLOSIVE_JOIN: rows of a join for each row of its larger side.",
        c"By the planner's estimates.",
        &MAX_FAN_OUT,
        1.0,
        f64::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"spyne.max_join_rows",
        c"The stop EXPLOSIVE_JOIN: rows of a join.",
        c"By the planner's estimates.",
        &MAX_JOIN_ROWS,
        1.0,
        f64::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"spyne.large_table_rows",
        c"The warning MISSING_FILTER: rows from which on a table should be filtered.",
        c"By the statistics of the table.",
        &LARGE_TABLE_ROWS,
        0.0,
        f64::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"spyne.require_accepted_joins",
        c"Whether a join that nobody has accepted is a stop.",
        c"Off: it is a warning. Joins cannot be accepted yet: on, every join is a stop.",
        &REQUIRE_ACCEPTED_JOINS,
        GucContext::Suset,
        GucFlags::default(),
    );
}

pub fn require_preview() -> RequirePreview {
    REQUIRE_PREVIEW.get()
}

/// In seconds.
pub fn preview_ttl_seconds() -> i32 {
    PREVIEW_TTL.get()
}

/// In seconds.
pub fn preview_retention_seconds() -> i32 {
    PREVIEW_RETENTION.get()
}

/// Rows for each row of the larger side.
pub fn max_fan_out() -> f64 {
    MAX_FAN_OUT.get()
}

pub fn max_join_rows() -> f64 {
    MAX_JOIN_ROWS.get()
}

pub fn large_table_rows() -> f64 {
    LARGE_TABLE_ROWS.get()
}

pub fn require_accepted_joins() -> bool {
    REQUIRE_ACCEPTED_JOINS.get()
}

/// The setting; `off` in a server that pg_upgrade runs.
pub fn enforcement() -> Enforcement {
    match STANDS_ASIDE.load(Ordering::Relaxed) {
        true => Enforcement::Off,
        false => ENFORCEMENT.get(),
    }
}

/// Lets everything through in this process. Called when the library is loaded into
/// a server that pg_upgrade has started: what it restores was governed where it
/// comes from.
pub fn stand_aside() {
    STANDS_ASIDE.store(true, Ordering::Relaxed);
}

/// The value of `spyne.enforcement`, where it is less than `enforce` now and was not
/// when this function was called last.
pub fn newly_lowered() -> Option<Enforcement> {
    let now = enforcement();
    let changed = LAST_ENFORCEMENT.swap(now as u8, Ordering::Relaxed) != now as u8;
    (changed && now != Enforcement::Enforce).then_some(now)
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

/// Rows.
pub fn join_sample_rows() -> i32 {
    JOIN_SAMPLE_ROWS.get()
}

pub fn join_candidate_ttl_seconds() -> i32 {
    JOIN_CANDIDATE_TTL.get()
}

/// 0 to 1.
pub fn max_orphan_rate() -> f64 {
    MAX_ORPHAN_RATE.get()
}
