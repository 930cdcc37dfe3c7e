//! Tables whose rows are on other servers: what the functions of Citus do to one.

/// What a function of Citus does to the table that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Moves the table's rows into shards, or back.
    Distribute,
    /// Drops the shards, or forgets where they are.
    Drop,
    /// Runs a command of the caller's on each shard.
    Command,
}

/// The functions, by name, and what each does. The tables are their first arguments of
/// type regclass.
const CALLS: [(&str, Call); 15] = [
    ("create_distributed_table", Call::Distribute),
    ("create_distributed_table_concurrently", Call::Distribute),
    ("master_create_distributed_table", Call::Distribute),
    ("create_reference_table", Call::Distribute),
    ("citus_add_local_table_to_metadata", Call::Distribute),
    ("create_citus_local_table", Call::Distribute),
    ("alter_distributed_table", Call::Distribute),
    ("undistribute_table", Call::Distribute),
    ("citus_drop_all_shards", Call::Drop),
    ("master_drop_all_shards", Call::Drop),
    ("master_remove_partition_metadata", Call::Drop),
    ("master_remove_distributed_table_metadata_from_workers", Call::Drop),
    ("run_command_on_shards", Call::Command),
    ("run_command_on_placements", Call::Command),
    ("run_command_on_colocated_placements", Call::Command),
];

/// What a function of Citus of this name does to a table; None for one that does none of
/// that.
pub fn call(function: &str) -> Option<Call> {
    CALLS.iter().find(|(name, _)| *name == function).map(|(_, call)| *call)
}

/// How Citus is set where a table of its own is to be governed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `citus.enable_ddl_propagation`: what is done to a table is done to its shards.
    pub propagates: bool,
    /// `citus.enable_unsafe_triggers`: its tables may have triggers.
    pub triggers: bool,
}

impl Settings {
    /// Whether a table of Citus's can have spyne's guards now: Citus refuses triggers
    /// wherever it would have to make them on the shards too.
    pub const fn lets_guards_be(self) -> bool {
        !self.propagates || self.triggers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_whole_name() {
        assert_eq!(call("undistribute_table"), Some(Call::Distribute));
        assert_eq!(call("citus_drop_all_shards"), Some(Call::Drop));
        assert_eq!(call("run_command_on_shards"), Some(Call::Command));
        assert_eq!(call("run_command_on_workers"), None);
        assert_eq!(call("Create_distributed_table"), None);
        assert_eq!(call(""), None);
    }

    #[test]
    fn guards_are_made_where_citus_lets_them_be() {
        let all = [(true, false), (true, true), (false, false), (false, true)];
        let made = all.map(|(propagates, triggers)| Settings { propagates, triggers });
        assert_eq!(made.map(Settings::lets_guards_be), [false, true, true, true]);
    }
}
