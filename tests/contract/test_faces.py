"""Operations, commands and routes are held together: a verb that a face lacks is here with the reason, or fails."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute

from briefsmith import operations
from briefsmith.agents import editor
from briefsmith.agents.composer import Composer
from briefsmith.agents.runner import Runner
from briefsmith.faces.server.app import make_routes
from tests.contract.test_readme import COMMANDS
from tests.faces.mcp.test_listing import TOOLS as MCP_TOOLS

# Reasons that several have in common.
PART = "a step of other verbs"
AGENTS_ONLY = "an agent's, beside the server and never for a person"
PATHS = "reads files of the disk that it runs on, which is the caller's only on the command line"
LOGIN = "needs the login of whoever runs the database"
WORKS_BESIDE = "`briefsmith agents` does it beside the server"
SERVER_ONLY = "the server's own bookkeeping"


@dataclass(frozen=True)
class Verb:
    """Where a verb is to be had.

    Attributes:
        command: Its words; else why there is none.
        route: The operation id; else why there is none.
    """

    command: str | None = None
    route: str | None = None
    no_command: str | None = None
    no_route: str | None = None


def nowhere(why: str) -> Verb:
    return Verb(no_command=why, no_route=why)


VERBS: dict[str, Verb] = {
    "agent_messages.list_messages": Verb(
        route="list_messages", no_command="`brief show` and `agents log` tell what matters of it"
    ),
    "agent_messages.record_calls": nowhere(AGENTS_ONLY),
    "agent_sessions.is_job_done": nowhere(AGENTS_ONLY),
    "agent_sessions.list_runs": Verb("agents log", "list_runs"),
    "agent_sessions.record_run": nowhere(AGENTS_ONLY),
    "api_keys.add_key": Verb("key add", "add_key"),
    "api_keys.list_keys": Verb("key list", "list_keys"),
    "api_keys.revoke_key": Verb("key revoke", "revoke_key"),
    "api_keys.use_key": nowhere(SERVER_ONLY),
    "approvals.approve_proposal": Verb("review approve", "approve_proposal"),
    "block_reports.audit_blocks": nowhere(AGENTS_ONLY),
    "block_reports.get_blocks": nowhere(AGENTS_ONLY),
    "block_reports.present_states": nowhere(AGENTS_ONLY),
    "block_reports.tell_audit": nowhere(AGENTS_ONLY),
    "blocks.accept_block": Verb("block accept", "accept_block"),
    "blocks.add_block": Verb("block add", "add_block"),
    "blocks.archive_block": Verb("block archive", "archive_block"),
    "blocks.block_history": Verb("block history", "block_history"),
    "blocks.edit_block": Verb("block edit", "edit_block"),
    "blocks.get_block": Verb("block show", "get_block"),
    "blocks.get_block_version": Verb("block show", "get_block_version"),
    "blocks.label_taken": nowhere(PART),
    "blocks.list_blocks": Verb("block list", "list_blocks"),
    "blocks.purge_block": Verb("block purge", "purge_block"),
    "blocks.refresh_block": nowhere(AGENTS_ONLY),
    "blocks.restore_block": Verb("block restore", "restore_block"),
    "brief_differences.compare_briefs": Verb("brief diff", "compare_briefs"),
    "brief_edits.edit_brief": Verb("brief edit", "edit_brief"),
    "brief_edits.list_edits": Verb("brief edit", "list_edits"),
    "brief_edits.open_for_edit": nowhere(PART),
    "brief_life.begin_step": nowhere(PART),
    "brief_life.life_of": nowhere(PART),
    "brief_life.read_life": nowhere(PART),
    "brief_lookup.find_brief": nowhere(PART),
    "brief_media.with_files_as_media": nowhere(PART),
    "brief_replay.replay_brief": Verb("brief replay", "replay_brief"),
    "brief_runs.get_output": Verb("brief outputs", "get_output"),
    "brief_runs.get_run_material": nowhere(PART),
    "brief_runs.list_outputs": Verb("brief outputs", "list_outputs"),
    "brief_runs.record_delivery": nowhere(PART),
    "brief_runs.store_run": nowhere(PART),
    "brief_sources.asked_blocks": nowhere(PART),
    "brief_sources.source_blocks": nowhere(PART),
    "brief_texts.texts_then": nowhere(PART),
    "brief_types.find_brief_type": nowhere(PART),
    "brief_types.get_brief_type": nowhere(PART),
    "brief_types.list_brief_types": Verb("brief types", "list_brief_types"),
    "brief_validation.lock_brief": Verb("brief lock", "lock_brief"),
    "brief_validation.publish_brief": Verb("brief publish", "publish_brief"),
    "brief_validation.unpublish_brief": Verb("brief unpublish", "unpublish_brief"),
    "brief_validation.validate_brief": Verb("brief validate", "validate_brief"),
    "briefs.get_brief": Verb("brief show", "get_brief"),
    "briefs.list_briefs": Verb("brief list", "list_briefs"),
    "briefs.recompile_brief": nowhere(PART),
    "briefs.redact_brief": nowhere(PART),
    "clock.now": Verb(route="is_ready", no_command=PART),
    "compose.compile_aside": nowhere(PART),
    "compose.compose_brief": nowhere("the composer does it, with or without a model"),
    "compose.prepare_composition": nowhere(PART),
    "compose.store_brief": nowhere(PART),
    "compositions.composition_of": nowhere(PART),
    "compositions.redact_composition": nowhere(PART),
    "compositions.store_composition": nowhere(PART),
    "counts.count_blocks": Verb("doctor", no_route="of `doctor`, which looks at the machine too"),
    "deployment_configs.configure_brief": Verb("brief configure", "configure_brief"),
    "deployment_configs.get_config": nowhere(PART),
    "deployment_configs.list_configs": Verb("brief configs", "list_configs"),
    "block_parts.embed_parts": nowhere(PART),
    "embeddings.reembed": Verb("reembed", no_route="takes as long as there are blocks"),
    "event_stream.begin_stream": Verb(
        route="stream_events", no_command="a terminal has no use for it"
    ),
    "event_stream.follow_events": Verb(
        route="stream_events", no_command="a terminal has no use for it"
    ),
    "events.last_unseen": nowhere(AGENTS_ONLY),
    "events.take_events": nowhere(AGENTS_ONLY),
    "exports.export_blocks": Verb(
        "block export", no_route="pages of GET /v1/blocks have the same, and hold no connection"
    ),
    "extraction.extract_file": Verb("file extract", "extract_file"),
    "feedback.count_feedback": nowhere(PART),
    "files.add_file": Verb("file add", "add_file"),
    "files.attach_file": Verb("file attach", "attach_file"),
    "file_contents.collect_garbage": Verb(
        "file gc", no_route="tidies a storage, beside the server"
    ),
    "files.detach_file": Verb("file detach", "detach_file"),
    "files.edit_file": Verb("file edit", "edit_file"),
    "files.get_file": Verb("file show", "get_file"),
    "file_contents.has_content": nowhere(PART),
    "files.list_files": Verb("file list", "list_files"),
    "file_contents.read_file": Verb("file open", "read_file"),
    "file_contents.read_part": nowhere(PART),
    "file_contents.remove_unnamed": nowhere(PART),
    "files.remove_file": Verb("file remove", "remove_file"),
    "feedback.give_feedback": Verb("brief feedback", "give_feedback"),
    "feedback.recount_scores": nowhere("mends what other programs wrote, by hand"),
    "feedback.withdraw_feedback": Verb("brief feedback", "withdraw_feedback"),
    "idempotency.first_answer": nowhere(SERVER_ONLY),
    "idempotency.keep_answer": nowhere(SERVER_ONLY),
    "idempotency.replace_answer": nowhere(SERVER_ONLY),
    "import_adoption.adoptions": nowhere(PART),
    "import_lines.take_lines": nowhere(PART),
    "import_pieces.settle_gone": nowhere(PART),
    "import_pieces.take_files": nowhere(PART),
    "imports.import_documents": Verb("import", no_route=PATHS),
    "insights.block_usage": Verb("insights usage", "block_usage"),
    "insights.brief_patterns": Verb("insights patterns", "brief_patterns"),
    "insights.type_popularity": Verb("insights popularity", "type_popularity"),
    "intake.tell": nowhere(PART),
    "phrases.holding_phrases": nowhere(PART),
    "proposals.free_label": nowhere(AGENTS_ONLY),
    "proposals.known_findings": nowhere(AGENTS_ONLY),
    "proposals.lock_pending": nowhere(PART),
    "proposals.propose": nowhere(AGENTS_ONLY),
    "proposals.reject_proposal": Verb("review reject", "reject_proposal"),
    "proposals.reviewed_blocks": nowhere(AGENTS_ONLY),
    "proposals.withdraw_outdated": nowhere(AGENTS_ONLY),
    "proposals.withdraw_superseded": nowhere(AGENTS_ONLY),
    "refreshable_blocks.refreshable_blocks": nowhere(AGENTS_ONLY),
    "refreshable_blocks.remember_import": nowhere(AGENTS_ONLY),
    "request_limits.begin_long_request": nowhere(SERVER_ONLY),
    "request_limits.end_long_request": nowhere(SERVER_ONLY),
    "request_limits.take_requests": nowhere(SERVER_ONLY),
    "reviews.get_proposal": Verb("review show", "get_proposal"),
    "reviews.list_proposals": Verb("review list", "list_proposals"),
    "schema.diff_schemas": Verb("schema diff", no_route=LOGIN),
    "schema.pending_migrations": Verb("schema migrate", no_route=LOGIN),
    "schema.read_schema": Verb("schema contract", no_route=LOGIN),
    "schema.verify_schema": Verb("schema verify", "verify_schema"),
    "schema_upgrade.check_upgraded": Verb("schema upgrade", no_route=LOGIN),
    "schema_upgrade.finish_upgrade": Verb("schema upgrade", no_route=LOGIN),
    "schema_upgrade.plan_upgrade": Verb("schema upgrade", no_route=LOGIN),
    "schema_upgrade.undo_upgrade": Verb("schema upgrade", no_route=LOGIN),
    "schema_upgrade.upgrade_schema": Verb("schema upgrade", no_route=LOGIN),
    "search.embed_question": nowhere(PART),
    "search.find_blocks": nowhere(PART),
    "search.search_blocks": Verb("block search", "search_blocks"),
    "spelling.corrected": nowhere(PART),
    "usage_reports.report_usage": nowhere(AGENTS_ONLY),
}

# What agents do for a person, and not by themselves.
AGENT_VERBS: dict[Callable[..., Any], Verb] = {
    Composer.compose: Verb("compose", "compose_brief"),
    Runner.run: Verb("brief run", "run_brief"),
    Runner.deliver: Verb("brief deliver", "deliver_output"),
    editor.edit_by_instruction: Verb("brief edit", "edit_brief"),
}

# What an agent has of the verbs; the others with the reason, by their module or by themselves.
TOOLS = {
    "Composer.compose": "compose_brief",
    "blocks.add_block": "add_block",
    "blocks.get_block": "read_block",
    "blocks.get_block_version": "read_block",
    "blocks.block_history": "read_block",
    "blocks.list_blocks": "block://",
    "brief_types.list_brief_types": "prompts",
    "briefs.get_brief": "read_brief",
    "briefs.list_briefs": "brief://",
    "feedback.give_feedback": "give_feedback",
    "file_contents.read_file": "briefsmith://file/",
    "files.get_file": "briefsmith://file/",
    "search.search_blocks": "find_context",
}
PERSONS = "a person's to decide; agents propose"
BESIDE_TASKS = "no part of a task; few tools are chosen better than many"
MAINTENANCE = "for who looks after the store"
NO_TOOL = {
    "agent_messages": BESIDE_TASKS,
    "agent_sessions": BESIDE_TASKS,
    "api_keys": PERSONS,
    "approvals": PERSONS,
    "blocks.accept_block": PERSONS,
    "blocks.archive_block": PERSONS,
    "blocks.edit_block": PERSONS,
    "blocks.purge_block": PERSONS,
    "blocks.restore_block": PERSONS,
    "brief_differences": BESIDE_TASKS,
    "brief_edits": PERSONS,
    "brief_replay": BESIDE_TASKS,
    "brief_runs": BESIDE_TASKS,
    "brief_validation": PERSONS,
    "clock": MAINTENANCE,
    "counts": MAINTENANCE,
    "deployment_configs": PERSONS,
    "edit_by_instruction": PERSONS,
    "embeddings": MAINTENANCE,
    "event_stream": BESIDE_TASKS,
    "exports": MAINTENANCE,
    "extraction": PERSONS,
    "feedback.withdraw_feedback": PERSONS,
    "file_contents": "briefs name files with their addresses; the bytes are for programs",
    "files": "briefs name files with their addresses; the library is a person's to keep",
    "imports": PATHS,
    "insights": BESIDE_TASKS,
    "proposals": PERSONS,
    "reviews": PERSONS,
    "Runner": BESIDE_TASKS,
    "schema": MAINTENANCE,
    "schema_upgrade": MAINTENANCE,
}

# Routes and commands of what is no operation.
OTHER_ROUTES = {
    "is_alive",
    "get_metrics",
    "list_agents",
    "get_openapi",
    "get_protected_resource",
    "get_protected_resource_of_mcp",
}
OTHER_COMMANDS = {
    "agents defer",
    "agents list",
    "agents run",
    "agents work",
    "init",
    "mcp",
    "schema audit",
    "serve",
}


def written() -> set[str]:
    """Every public verb: an async function of a module of operations, of its own."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(operations.__path__):
        loaded = importlib.import_module(f"{operations.__name__}.{module.name}")
        for name, value in vars(loaded).items():
            is_verb = inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value)
            if is_verb and value.__module__ == loaded.__name__ and not name.startswith("_"):
                found.add(f"{module.name}.{name}")
    return found


def routes() -> dict[str, APIRoute]:
    """Every route by its operation id."""
    app = make_routes(cast("Any", SimpleNamespace(knows_tokens=True)))
    description = app.openapi()
    assert description["paths"]
    found: dict[str, APIRoute] = {}
    for router in _routers():
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert route.operation_id is not None, route.path
            assert route.operation_id not in found, route.operation_id
            found[route.operation_id] = route
    return found


def _routers() -> list[Any]:
    from briefsmith.faces.server.app import ROUTERS

    return list(ROUTERS)


ROUTES = routes()
ALL = [*VERBS.items(), *((verb.__qualname__, where) for verb, where in AGENT_VERBS.items())]


def test_every_verb_is_listed_and_every_listed_one_exists() -> None:
    assert sorted(written()) == sorted(VERBS)


@pytest.mark.parametrize(("name", "verb"), ALL)
def test_a_verb_has_a_command_and_a_route_or_a_reason_to_have_none(name: str, verb: Verb) -> None:
    assert (verb.command is None) != (verb.no_command is None), name
    assert (verb.route is None) != (verb.no_route is None), name
    assert verb.command is None or verb.command in COMMANDS, name
    assert verb.route is None or verb.route in ROUTES, name


@pytest.mark.parametrize(("name", "verb"), ALL)
def test_the_route_of_a_verb_calls_it(name: str, verb: Verb) -> None:
    if verb.route is None:
        return
    module = inspect.getmodule(ROUTES[verb.route].endpoint)
    assert module is not None
    assert f"{name.rpartition('.')[2]}(" in inspect.getsource(module)


def test_a_verb_has_a_tool_or_a_reason_to_have_none() -> None:
    had = {name for name, verb in ALL if verb.command or verb.route}
    reasons = {
        name: [one for one in (name, name.partition(".")[0]) if one in NO_TOOL] for name in had
    }

    assert TOOLS.keys() <= had
    assert {name for name in had if not reasons[name]} <= TOOLS.keys()
    assert {one for found in reasons.values() for one in found} == NO_TOOL.keys()
    served = {tool for tool in TOOLS.values() if tool.isidentifier() and tool != "prompts"}
    assert served | {"propose_change"} == set(MCP_TOOLS)


def test_every_route_and_every_command_is_some_verb_s() -> None:
    verbs = [*VERBS.values(), *AGENT_VERBS.values()]

    assert {verb.route for verb in verbs if verb.route} | OTHER_ROUTES == set(ROUTES)
    assert {verb.command for verb in verbs if verb.command} | OTHER_COMMANDS == set(COMMANDS)
