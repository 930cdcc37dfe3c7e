//! What DDL does to rows, by the numbers that Postgres has for its parts and for
//! statements. The lists are those of the names that all majors have;
//! `core::gate::definitions` says what each does, and a test holds both against
//! the lists of each major.

use pgrx::pg_sys;
use spyne_core::gate::definitions::{Effect, of_statement};

/// What each of these parts of ALTER TABLE does, where `$part` is one of them.
macro_rules! effects_of_parts {
    ($part:ident: $($name:ident)*) => {
        match $part {
            $(pgrx::pg_sys::AlterTableType::$name => {
                Some(const { spyne_core::gate::definitions::of_part(stringify!($name)) })
            })*
            _ => None,
        }
    };
}
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
pub(super) use effects_of_parts;

/// What each of these statements does, where `$tag` is the tag of one of them.
macro_rules! effects_of_statements {
    ($tag:ident: $($name:ident)*) => {
        match $tag {
            $(pg_sys::NodeTag::$name => const { of_statement(stringify!($name)) },)*
            _ => const { of_statement("") },
        }
    };
}

/// What a part of ALTER TABLE does to rows that all majors have; None for another one.
pub fn effect_of_common_part(part: pg_sys::AlterTableType::Type) -> Option<Effect> {
    effects_of_parts!(part:
        AT_AddColumn AT_AddConstraint AT_AddIdentity AT_AddInherit AT_AddOf
        AT_AlterColumnGenericOptions AT_AlterColumnType AT_AlterConstraint AT_AttachPartition
        AT_ChangeOwner AT_ClusterOn AT_ColumnDefault AT_DetachPartition
        AT_DetachPartitionFinalize AT_DisableRowSecurity AT_DisableRule AT_DisableTrig
        AT_DisableTrigAll AT_DisableTrigUser AT_DropCluster AT_DropColumn AT_DropConstraint
        AT_DropExpression AT_DropIdentity AT_DropInherit AT_DropNotNull AT_DropOf
        AT_EnableAlwaysRule AT_EnableAlwaysTrig AT_EnableReplicaRule AT_EnableReplicaTrig
        AT_EnableRowSecurity AT_EnableRule AT_EnableTrig AT_EnableTrigAll AT_EnableTrigUser
        AT_ForceRowSecurity AT_GenericOptions AT_NoForceRowSecurity AT_ReplaceRelOptions
        AT_ReplicaIdentity AT_ResetOptions AT_ResetRelOptions AT_SetAccessMethod
        AT_SetCompression AT_SetIdentity AT_SetLogged AT_SetNotNull AT_SetOptions
        AT_SetRelOptions AT_SetStatistics AT_SetStorage AT_SetTableSpace AT_SetUnLogged
        AT_ValidateConstraint
    )
}

/// What a utility statement does to rows.
pub fn effect_of_statement(tag: pg_sys::NodeTag) -> Effect {
    effects_of_statements!(tag:
        T_AlterCollationStmt T_AlterDatabaseRefreshCollStmt T_AlterDatabaseSetStmt
        T_AlterDatabaseStmt T_AlterDefaultPrivilegesStmt T_AlterDomainStmt T_AlterEnumStmt
        T_AlterEventTrigStmt T_AlterExtensionContentsStmt T_AlterExtensionStmt T_AlterFdwStmt
        T_AlterForeignServerStmt T_AlterFunctionStmt T_AlterObjectDependsStmt
        T_AlterObjectSchemaStmt T_AlterOpFamilyStmt T_AlterOperatorStmt T_AlterOwnerStmt
        T_AlterPolicyStmt T_AlterPublicationStmt T_AlterRoleSetStmt T_AlterRoleStmt
        T_AlterSeqStmt T_AlterStatsStmt T_AlterSubscriptionStmt T_AlterSystemStmt
        T_AlterTSConfigurationStmt T_AlterTSDictionaryStmt T_AlterTableMoveAllStmt
        T_AlterTableSpaceOptionsStmt T_AlterTableStmt T_AlterTypeStmt T_AlterUserMappingStmt
        T_CallStmt T_CheckPointStmt T_ClosePortalStmt T_ClusterStmt T_CommentStmt
        T_CompositeTypeStmt T_ConstraintsSetStmt T_CopyStmt T_CreateAmStmt T_CreateCastStmt
        T_CreateConversionStmt T_CreateDomainStmt T_CreateEnumStmt T_CreateEventTrigStmt
        T_CreateExtensionStmt T_CreateFdwStmt T_CreateForeignServerStmt T_CreateForeignTableStmt
        T_CreateFunctionStmt T_CreateOpClassStmt T_CreateOpFamilyStmt T_CreatePLangStmt
        T_CreatePolicyStmt T_CreatePublicationStmt T_CreateRangeStmt T_CreateRoleStmt
        T_CreateSchemaStmt T_CreateSeqStmt T_CreateStatsStmt T_CreateStmt
        T_CreateSubscriptionStmt T_CreateTableAsStmt T_CreateTableSpaceStmt T_CreateTransformStmt
        T_CreateTrigStmt T_CreateUserMappingStmt T_CreatedbStmt T_DeallocateStmt
        T_DeclareCursorStmt T_DefineStmt T_DeleteStmt T_DiscardStmt T_DoStmt T_DropOwnedStmt
        T_DropRoleStmt T_DropStmt T_DropSubscriptionStmt T_DropTableSpaceStmt
        T_DropUserMappingStmt T_DropdbStmt T_ExecuteStmt T_ExplainStmt T_FetchStmt
        T_GrantRoleStmt T_GrantStmt T_ImportForeignSchemaStmt T_IndexStmt T_InsertStmt
        T_ListenStmt T_LoadStmt T_LockStmt T_MergeStmt T_NotifyStmt T_PLAssignStmt T_PlannedStmt
        T_PrepareStmt T_RawStmt T_ReassignOwnedStmt T_RefreshMatViewStmt T_ReindexStmt
        T_RenameStmt T_ReplicaIdentityStmt T_ReturnStmt T_RuleStmt T_SecLabelStmt T_SelectStmt
        T_SetOperationStmt T_TransactionStmt T_TruncateStmt T_UnlistenStmt T_UpdateStmt
        T_VacuumStmt T_VariableSetStmt T_VariableShowStmt T_ViewStmt
    )
}
