/*
 * A stand-in for Citus, for the tests: not Citus, and nothing of its code. It does to a
 * plan what Citus does, on one server.
 *
 * A table that pg_dist_partition names is an empty shell, and its rows are in a table
 * beside it, its shard: NAME_SHARDID. A statement that uses such a table is planned twice:
 * as it was sent, for its range table, and with each shell replaced by its shard. What
 * reaches the executor is one custom scan that carries the second plan. Its range table
 * keeps what Postgres needs to check privileges by, and its command is that of the
 * statement; it has no result relations, no row marks and no word of writing CTEs. The
 * second plan runs by the standard executor, past every hook, as it would on another server.
 * COPY of such a table reads and writes the shard and asks nobody.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static planner_hook_type next_planner = NULL;
static ProcessUtility_hook_type next_utility = NULL;
static bool enable_ddl_propagation = true;
static bool enable_unsafe_triggers = false;

/* The shard of a shell; invalid for any other table. */
static Oid
shard_of(Oid relation)
{
	Oid			catalog = get_relname_relid("pg_dist_shard", PG_CATALOG_NAMESPACE);
	Oid			shard = InvalidOid;
	Relation	rel;
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (relation < FirstNormalObjectId || !OidIsValid(catalog))
		return InvalidOid;
	rel = table_open(catalog, AccessShareLock);
	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		id = heap_getattr(tuple, 2, RelationGetDescr(rel), &isnull);
		char	   *name = psprintf("%s_" INT64_FORMAT, get_rel_name(relation), DatumGetInt64(id));

		shard = get_relname_relid(name, get_rel_namespace(relation));
		if (!OidIsValid(shard))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("relation \"%s\" does not exist", name)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return shard;
}

/* Replaces each shell in a query by its shard, and notes whether there was any. */
static bool
to_shards(Node *node, void *found)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;
		Oid			shard = entry->rtekind == RTE_RELATION ? shard_of(entry->relid) : InvalidOid;

		if (OidIsValid(shard))
		{
			LockRelationOid(shard, entry->rellockmode);
			entry->relid = shard;
			*(bool *) found = true;
		}
#if PG_VERSION_NUM < 160000
		entry->requiredPerms = 0;
#endif
		return false;
	}
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
#if PG_VERSION_NUM >= 160000
		ListCell   *cell;

		foreach(cell, query->rteperminfos)
		{
			RTEPermissionInfo *info = lfirst_node(RTEPermissionInfo, cell);
			Oid			shard = shard_of(info->relid);

			if (OidIsValid(shard))
				info->relid = shard;
			info->requiredPerms = 0;
		}
#endif
		return query_tree_walker(query, to_shards, found, QTW_EXAMINE_RTES_BEFORE);
	}
	return expression_tree_walker(node, to_shards, found);
}

typedef struct RemoteScan
{
	CustomScanState scan;
	Tuplestorestate *rows;
	TupleTableSlot *row;
} RemoteScan;

static Node *create_remote_scan(CustomScan *scan);
static void begin_remote_scan(CustomScanState *node, EState *estate, int flags);
static TupleTableSlot *next_row(CustomScanState *node);
static void end_remote_scan(CustomScanState *node);
static void rescan_remote_scan(CustomScanState *node);

static const CustomScanMethods plan_methods = {
	.CustomName = "Citus Adaptive",
	.CreateCustomScanState = create_remote_scan,
};
static const CustomExecMethods run_methods = {
	.CustomName = "Citus Adaptive",
	.BeginCustomScan = begin_remote_scan,
	.ExecCustomScan = next_row,
	.EndCustomScan = end_remote_scan,
	.ReScanCustomScan = rescan_remote_scan,
};

/* The plan that the executor gets in place of `local`: see above. */
static PlannedStmt *
distributed(PlannedStmt *local, PlannedStmt *remote)
{
	CustomScan *scan = makeNode(CustomScan);
	PlannedStmt *result = makeNode(PlannedStmt);
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, remote->planTree->targetlist)
	{
		TargetEntry *target = lfirst_node(TargetEntry, cell);
		int			number = list_length(scan->custom_scan_tlist) + 1;
		Var		   *column;

		if (target->resjunk)
			continue;
		column = makeVarFromTargetEntry(1, target);
		column->varattno = number;
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry((Expr *) column, number, target->resname, false));
		column = copyObject(column);
		column->varno = INDEX_VAR;
		scan->scan.plan.targetlist = lappend(scan->scan.plan.targetlist,
											 makeTargetEntry((Expr *) column, number, target->resname, false));
		names = lappend(names, makeString(pstrdup(target->resname ? target->resname : "?")));
	}
	scan->custom_private = list_make1(remote);
	scan->flags = CUSTOMPATH_SUPPORT_BACKWARD_SCAN | CUSTOMPATH_SUPPORT_PROJECTION;
	scan->methods = &plan_methods;
	scan->scan.plan.plan_rows = remote->planTree->plan_rows;

	entry->rtekind = RTE_VALUES;
	entry->eref = makeAlias("remote_scan", names);
	entry->inFromCl = true;

	result->commandType = local->commandType;
	result->queryId = local->queryId;
	result->hasReturning = local->hasReturning;
	result->canSetTag = true;
	result->planTree = (Plan *) scan;
	result->rtable = list_concat(list_make1(entry), local->rtable);
#if PG_VERSION_NUM >= 160000
	result->permInfos = local->permInfos;
#endif
	return result;
}

static PlannedStmt *
plan_in_two(Query *query, const char *text, int options, ParamListInfo parameters)
{
	Query	   *on_shards = copyObject(query);
	bool		found = false;
	PlannedStmt *local;
	PlannedStmt *remote = NULL;

	to_shards((Node *) on_shards, &found);
	/* What is planned later may change what was planned before. */
	if (found)
		remote = standard_planner(on_shards, text, options & ~CURSOR_OPT_PARALLEL_OK, parameters);
	if (next_planner)
		local = next_planner(query, text, options, parameters);
	else
		local = standard_planner(query, text, options, parameters);
	return found ? distributed(local, remote) : local;
}

static Node *
create_remote_scan(CustomScan *scan)
{
	RemoteScan *state = palloc0(sizeof(RemoteScan));

	NodeSetTag(state, T_CustomScanState);
	state->scan.methods = &run_methods;
	return (Node *) state;
}

static void
begin_remote_scan(CustomScanState *node, EState *estate, int flags)
{
}

/* Runs the plan on the shards, by the standard executor, and keeps its rows. */
static void
run_on_shards(RemoteScan *state)
{
	CustomScan *scan = (CustomScan *) state->scan.ss.ps.plan;
	EState	   *estate = state->scan.ss.ps.state;
	MemoryContext before = MemoryContextSwitchTo(estate->es_query_cxt);
	DestReceiver *rows = CreateDestReceiver(DestTuplestore);
	QueryDesc  *query;

	state->rows = tuplestore_begin_heap(false, false, work_mem);
	SetTuplestoreDestReceiverParams(rows, state->rows, estate->es_query_cxt, false, NULL, NULL);
	query = CreateQueryDesc(linitial_node(PlannedStmt, scan->custom_private), estate->es_sourceText,
							GetActiveSnapshot(), InvalidSnapshot, rows,
							estate->es_param_list_info, estate->es_queryEnv, 0);
	standard_ExecutorStart(query, 0);
#if PG_VERSION_NUM >= 180000
	standard_ExecutorRun(query, ForwardScanDirection, 0);
#else
	standard_ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
	estate->es_processed = query->estate->es_processed;
	state->row = MakeSingleTupleTableSlot(CreateTupleDescCopy(query->tupDesc), &TTSOpsMinimalTuple);
	standard_ExecutorFinish(query);
	standard_ExecutorEnd(query);
	FreeQueryDesc(query);
	if (estate->es_plannedstmt->commandType == CMD_SELECT)
		estate->es_processed = 0;
	MemoryContextSwitchTo(before);
}

static TupleTableSlot *
next_row(CustomScanState *node)
{
	RemoteScan *state = (RemoteScan *) node;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	bool		forward = ScanDirectionIsForward(node->ss.ps.state->es_direction);

	if (state->rows == NULL)
		run_on_shards(state);
	if (!tuplestore_gettupleslot(state->rows, forward, false, state->row))
		return NULL;
	ExecCopySlot(slot, state->row);
	if (node->ss.ps.ps_ProjInfo == NULL)
		return slot;
	ResetExprContext(node->ss.ps.ps_ExprContext);
	node->ss.ps.ps_ExprContext->ecxt_scantuple = slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
end_remote_scan(CustomScanState *node)
{
	RemoteScan *state = (RemoteScan *) node;

	if (state->row)
		ExecDropSingleTupleTableSlot(state->row);
	if (state->rows)
		tuplestore_end(state->rows);
}

static void
rescan_remote_scan(CustomScanState *node)
{
	RemoteScan *state = (RemoteScan *) node;

	if (state->rows)
		tuplestore_rescan(state->rows);
}

/* COPY of a shell is COPY of its shard, as a superuser there: nothing is asked for here. */
static void
copy_in_two(PlannedStmt *plan, const char *text, bool read_only, ProcessUtilityContext context,
			ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
			QueryCompletion *completion)
{
	CopyStmt   *copy = (CopyStmt *) plan->utilityStmt;
	ProcessUtility_hook_type next = next_utility ? next_utility : standard_ProcessUtility;
	Oid			relation;
	Oid			shard = InvalidOid;
	Oid			user;
	int			security;

	if (IsA(copy, CopyStmt) && copy->relation)
	{
		relation = RangeVarGetRelid(copy->relation, NoLock, true);
		if (OidIsValid(relation))
			shard = shard_of(relation);
	}
	if (!OidIsValid(shard))
	{
		next(plan, text, read_only, context, parameters, environment, receiver, completion);
		return;
	}
	plan = copyObject(plan);
	copy = (CopyStmt *) plan->utilityStmt;
	copy->relation = makeRangeVar(get_namespace_name(get_rel_namespace(shard)), get_rel_name(shard), -1);
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, security | SECURITY_LOCAL_USERID_CHANGE);
	standard_ProcessUtility(plan, text, read_only, context, parameters, environment, receiver, completion);
	SetUserIdAndSecContext(user, security);
}

void
_PG_init(void)
{
	DefineCustomBoolVariable("citus.enable_ddl_propagation", "As in Citus.", NULL,
							 &enable_ddl_propagation, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("citus.enable_unsafe_triggers", "As in Citus.", NULL,
							 &enable_unsafe_triggers, false, PGC_USERSET, 0, NULL, NULL, NULL);
	next_planner = planner_hook;
	planner_hook = plan_in_two;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = copy_in_two;
}
