//! What each kind of DDL does to the rows of tables: one table for the parts of ALTER
//! TABLE, and one for statements, under the names that Postgres has for them.
//!
//! What a statement does to relations that it does not name (children, typed tables,
//! tables with a changed domain) is judged where Postgres does it, relation by
//! relation. These tables say which statements have to be looked at, and how. A
//! test holds them against the lists of each major version.

/// What is done to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the catalogs change, or not even they.
    Harmless,
    /// No client sends it: Postgres makes it of something else, which was looked at.
    Internal,
    /// It is no utility statement: the executor runs it, or no one does.
    Query,
    /// It runs other statements, and each of them is looked at by itself.
    Runs,
    /// It copies the rows of a table or a query. An extension may copy a table's in its own way, and
    /// then nobody asks for privileges.
    Copies,
    /// It goes on with what was opened before.
    Resumes,
    /// A definition in which people trust is made: whose it is must be looked at.
    Defines,
    /// Others are kept out.
    Locks,
    /// Postgres reads the rows, and shows them to nobody.
    Scans,
    /// Functions of users may be shown the rows: a read by whoever runs it, and by
    /// the owners of the functions.
    Evaluates,
    /// Rows are written anew, and say the same. Functions of users may see them.
    Rewrites,
    /// Rows are written anew where the conversion of a type needs it: then a write.
    Converts,
    /// Rows come, go, say something else or come from elsewhere: a write.
    Overwrites,
    /// Objects go, and others with them.
    Drops,
}

use Effect::{
    Converts, Copies, Defines, Drops, Evaluates, Harmless, Internal, Locks, Overwrites, Query,
    Resumes, Rewrites, Runs, Scans,
};

/// The parts of ALTER TABLE, of all major versions: the members of AlterTableType.
#[rustfmt::skip]
pub const PARTS: [(&str, Effect); 72] = [
    ("AT_AddColumn", Rewrites),
    ("AT_AddColumnRecurse", Internal),
    ("AT_AddColumnToView", Internal),
    ("AT_AddConstraint", Evaluates),
    ("AT_AddConstraintRecurse", Internal),
    ("AT_AddIdentity", Harmless),
    ("AT_AddIndex", Internal),
    ("AT_AddIndexConstraint", Internal),
    ("AT_AddInherit", Overwrites),
    ("AT_AddOf", Harmless),
    ("AT_AlterColumnGenericOptions", Overwrites),
    ("AT_AlterColumnType", Converts),
    ("AT_AlterConstraint", Harmless),
    ("AT_AttachPartition", Overwrites),
    ("AT_ChangeOwner", Harmless),
    ("AT_CheckNotNull", Internal),
    ("AT_ClusterOn", Harmless),
    ("AT_ColumnDefault", Harmless),
    ("AT_CookedColumnDefault", Internal),
    ("AT_DetachPartition", Overwrites),
    ("AT_DetachPartitionFinalize", Harmless),
    ("AT_DisableRowSecurity", Harmless),
    ("AT_DisableRule", Harmless),
    ("AT_DisableTrig", Harmless),
    ("AT_DisableTrigAll", Harmless),
    ("AT_DisableTrigUser", Harmless),
    ("AT_DropCluster", Harmless),
    ("AT_DropColumn", Harmless),
    ("AT_DropColumnRecurse", Internal),
    ("AT_DropConstraint", Harmless),
    ("AT_DropConstraintRecurse", Internal),
    ("AT_DropExpression", Harmless),
    ("AT_DropIdentity", Harmless),
    ("AT_DropInherit", Overwrites),
    ("AT_DropNotNull", Harmless),
    ("AT_DropOf", Harmless),
    ("AT_DropOids", Internal),
    ("AT_EnableAlwaysRule", Harmless),
    ("AT_EnableAlwaysTrig", Harmless),
    ("AT_EnableReplicaRule", Harmless),
    ("AT_EnableReplicaTrig", Harmless),
    ("AT_EnableRowSecurity", Harmless),
    ("AT_EnableRule", Harmless),
    ("AT_EnableTrig", Harmless),
    ("AT_EnableTrigAll", Harmless),
    ("AT_EnableTrigUser", Harmless),
    ("AT_ForceRowSecurity", Harmless),
    ("AT_GenericOptions", Overwrites),
    ("AT_NoForceRowSecurity", Harmless),
    ("AT_ReAddComment", Internal),
    ("AT_ReAddConstraint", Internal),
    ("AT_ReAddDomainConstraint", Internal),
    ("AT_ReAddIndex", Internal),
    ("AT_ReAddStatistics", Internal),
    ("AT_ReplaceRelOptions", Harmless),
    ("AT_ReplicaIdentity", Harmless),
    ("AT_ResetOptions", Harmless),
    ("AT_ResetRelOptions", Harmless),
    ("AT_SetAccessMethod", Rewrites),
    ("AT_SetCompression", Harmless),
    ("AT_SetExpression", Overwrites),
    ("AT_SetIdentity", Harmless),
    ("AT_SetLogged", Rewrites),
    ("AT_SetNotNull", Scans),
    ("AT_SetOptions", Harmless),
    ("AT_SetRelOptions", Harmless),
    ("AT_SetStatistics", Harmless),
    ("AT_SetStorage", Harmless),
    ("AT_SetTableSpace", Rewrites),
    ("AT_SetUnLogged", Rewrites),
    ("AT_ValidateConstraint", Evaluates),
    ("AT_ValidateConstraintRecurse", Internal),
];

/// The statements of all major versions: the tags of nodes whose names end in Stmt.
#[rustfmt::skip]
pub const STATEMENTS: [(&str, Effect); 118] = [
    ("T_AlterCollationStmt", Harmless),
    ("T_AlterDatabaseRefreshCollStmt", Harmless),
    ("T_AlterDatabaseSetStmt", Harmless),
    ("T_AlterDatabaseStmt", Harmless),
    ("T_AlterDefaultPrivilegesStmt", Harmless),
    ("T_AlterDomainStmt", Evaluates),
    ("T_AlterEnumStmt", Harmless),
    ("T_AlterEventTrigStmt", Harmless),
    ("T_AlterExtensionContentsStmt", Harmless),
    ("T_AlterExtensionStmt", Runs),
    ("T_AlterFdwStmt", Overwrites),
    ("T_AlterForeignServerStmt", Overwrites),
    ("T_AlterFunctionStmt", Harmless),
    ("T_AlterObjectDependsStmt", Harmless),
    ("T_AlterObjectSchemaStmt", Harmless),
    ("T_AlterOpFamilyStmt", Harmless),
    ("T_AlterOperatorStmt", Harmless),
    ("T_AlterOwnerStmt", Harmless),
    ("T_AlterPolicyStmt", Harmless),
    ("T_AlterPublicationStmt", Harmless),
    ("T_AlterRoleSetStmt", Harmless),
    ("T_AlterRoleStmt", Harmless),
    ("T_AlterSeqStmt", Harmless),
    ("T_AlterStatsStmt", Harmless),
    ("T_AlterSubscriptionStmt", Harmless),
    ("T_AlterSystemStmt", Harmless),
    ("T_AlterTSConfigurationStmt", Harmless),
    ("T_AlterTSDictionaryStmt", Harmless),
    ("T_AlterTableMoveAllStmt", Rewrites),
    ("T_AlterTableSpaceOptionsStmt", Harmless),
    ("T_AlterTableStmt", Evaluates),
    ("T_AlterTypeStmt", Harmless),
    ("T_AlterUserMappingStmt", Overwrites),
    ("T_CallStmt", Runs),
    ("T_CheckPointStmt", Harmless),
    ("T_ClosePortalStmt", Harmless),
    ("T_ClusterStmt", Evaluates),
    ("T_CommentStmt", Harmless),
    ("T_CompositeTypeStmt", Harmless),
    ("T_ConstraintsSetStmt", Harmless),
    ("T_CopyStmt", Copies),
    ("T_CreateAmStmt", Harmless),
    ("T_CreateCastStmt", Harmless),
    ("T_CreateConversionStmt", Harmless),
    ("T_CreateDomainStmt", Harmless),
    ("T_CreateEnumStmt", Harmless),
    ("T_CreateEventTrigStmt", Harmless),
    ("T_CreateExtensionStmt", Runs),
    ("T_CreateFdwStmt", Harmless),
    ("T_CreateForeignServerStmt", Harmless),
    ("T_CreateForeignTableStmt", Harmless),
    ("T_CreateFunctionStmt", Harmless),
    ("T_CreateOpClassStmt", Harmless),
    ("T_CreateOpFamilyStmt", Harmless),
    ("T_CreatePLangStmt", Harmless),
    ("T_CreatePolicyStmt", Harmless),
    ("T_CreatePublicationStmt", Harmless),
    ("T_CreateRangeStmt", Harmless),
    ("T_CreateRoleStmt", Harmless),
    ("T_CreateSchemaStmt", Runs),
    ("T_CreateSeqStmt", Harmless),
    ("T_CreateStatsStmt", Evaluates),
    ("T_CreateStmt", Harmless),
    ("T_CreateSubscriptionStmt", Harmless),
    ("T_CreateTableAsStmt", Runs),
    ("T_CreateTableSpaceStmt", Harmless),
    ("T_CreateTransformStmt", Harmless),
    ("T_CreateTrigStmt", Harmless),
    ("T_CreateUserMappingStmt", Overwrites),
    ("T_CreatedbStmt", Harmless),
    ("T_DeallocateStmt", Harmless),
    ("T_DeclareCursorStmt", Runs),
    ("T_DefineStmt", Harmless),
    ("T_DeleteStmt", Query),
    ("T_DiscardStmt", Harmless),
    ("T_DoStmt", Runs),
    ("T_DropOwnedStmt", Drops),
    ("T_DropRoleStmt", Harmless),
    ("T_DropStmt", Drops),
    ("T_DropSubscriptionStmt", Harmless),
    ("T_DropTableSpaceStmt", Harmless),
    ("T_DropUserMappingStmt", Overwrites),
    ("T_DropdbStmt", Harmless),
    ("T_ExecuteStmt", Runs),
    ("T_ExplainStmt", Runs),
    ("T_FetchStmt", Resumes),
    ("T_GrantRoleStmt", Harmless),
    ("T_GrantStmt", Harmless),
    ("T_ImportForeignSchemaStmt", Runs),
    ("T_IndexStmt", Evaluates),
    ("T_InsertStmt", Query),
    ("T_ListenStmt", Harmless),
    ("T_LoadStmt", Harmless),
    ("T_LockStmt", Locks),
    ("T_MergeStmt", Query),
    ("T_NotifyStmt", Harmless),
    ("T_PLAssignStmt", Query),
    ("T_PlannedStmt", Query),
    ("T_PrepareStmt", Runs),
    ("T_RawStmt", Query),
    ("T_ReassignOwnedStmt", Harmless),
    ("T_RefreshMatViewStmt", Overwrites),
    ("T_ReindexStmt", Evaluates),
    ("T_RenameStmt", Harmless),
    ("T_ReplicaIdentityStmt", Query),
    ("T_ReturnStmt", Query),
    ("T_RuleStmt", Harmless),
    ("T_SecLabelStmt", Harmless),
    ("T_SelectStmt", Query),
    ("T_SetOperationStmt", Query),
    ("T_TransactionStmt", Harmless),
    ("T_TruncateStmt", Overwrites),
    ("T_UnlistenStmt", Harmless),
    ("T_UpdateStmt", Query),
    ("T_VacuumStmt", Evaluates),
    ("T_VariableSetStmt", Harmless),
    ("T_VariableShowStmt", Harmless),
    ("T_ViewStmt", Defines),
];

/// What a part of ALTER TABLE does; what is not listed is taken for the worst.
pub const fn of_part(name: &str) -> Effect {
    find(&PARTS, name)
}

/// What a statement does; what is not listed is taken for the worst.
pub const fn of_statement(name: &str) -> Effect {
    find(&STATEMENTS, name)
}

const fn find(table: &[(&str, Effect)], name: &str) -> Effect {
    let mut at = 0;
    while at < table.len() {
        if same(table[at].0.as_bytes(), name.as_bytes()) {
            return table[at].1;
        }
        at += 1;
    }
    Overwrites
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

impl Effect {
    /// Whether a statement of this kind must be looked at before it runs.
    pub const fn needs_a_look(self) -> bool {
        !matches!(self, Harmless | Internal | Query | Runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_and_in_order() {
        for names in
            [PARTS.map(|(name, _)| name).to_vec(), STATEMENTS.map(|(name, _)| name).to_vec()]
        {
            assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        }
    }

    #[test]
    fn what_is_unknown_is_taken_for_the_worst() {
        assert_eq!(of_part("AT_FromTheFuture"), Overwrites);
        assert_eq!(of_statement("T_FromTheFutureStmt"), Overwrites);
        assert_eq!(of_part("AT_SetNotNull"), Scans);
        assert_eq!(of_statement("T_LockStmt"), Locks);
    }
}
