"""Every failure that a caller can meet, as one tree.

    BriefsmithError
    ├── InvalidInput        B1xx  change the call
    │   ├── EmptyIntent         B101
    │   ├── UnknownMode         B102
    │   ├── InvalidId           B103
    │   ├── UnreadableDocument  B104  one file of an import; the others go in
    │   ├── InvalidSetting      B105
    │   ├── NothingToImport     B106
    │   ├── InvalidContract     B107
    │   ├── InvalidReceiver     B108
    │   ├── UnknownAgent        B109
    │   ├── InvalidEdit         B110
    │   ├── InvalidFile         B111
    │   ├── FileTypeRefused     B112
    │   ├── NotExtractable      B113
    │   ├── KeyReused           B114
    │   └── UnusableSource      B115
    ├── NotPermitted        B2xx
    │   ├── NotAuthenticated    B201
    │   └── UnknownUser         B202
    ├── NotFound            B3xx  none, or not yours: the same answer
    │   ├── BlockNotFound       B301
    │   ├── BriefNotFound       B302
    │   ├── ConfigNotFound      B303
    │   ├── ProposalNotFound    B304
    │   ├── FeedbackNotFound    B305
    │   ├── BriefTypeNotFound   B306
    │   ├── LibraryFileNotFound B307
    │   └── FileContentMissing  B308
    ├── Conflict            B4xx  shows both sides
    │   ├── LabelTaken          B401
    │   ├── StaleVersion        B402
    │   ├── WrongState          B403
    │   ├── AlreadyThere        B404
    │   ├── StaleProposal       B405
    │   └── KeyInUse            B406
    ├── OverBudget          B5xx  says what would fit
    │   ├── FrameOverBudget     B501
    │   ├── AskedBlocksOverBudget B502
    │   ├── FileTooLarge        B503
    │   ├── LibraryFull         B504
    │   └── RequestTooLarge     B505
    ├── Unavailable         B6xx  the same call may work later
    │   ├── DatabaseUnreachable B601
    │   ├── DiskFull            B602
    │   ├── EmbedderUnavailable B603
    │   ├── DatabaseBusy        B604
    │   ├── ServerNotStarted    B605
    │   ├── ModelUnavailable    B606
    │   │   └── ModelTimedOut       B607
    │   ├── ReceiverUnavailable B608
    │   ├── StorageUnavailable  B609
    │   ├── TooManyRequests     B610
    │   ├── TookTooLong         B611
    │   └── SourceUnavailable   B612
    ├── ModelMisbehaved     B7xx  after retries
    │   ├── WrongEmbedding      B701
    │   ├── InvalidAnswer       B702
    │   └── ModelRefused        B703
    ├── SchemaMismatch      B8xx
    │   ├── ServerTooOld        B801
    │   ├── VectorMissing       B802
    │   ├── NotMigrated         B803
    │   ├── DatabaseIsNewer     B804
    │   ├── MigrationFailed     B805
    │   ├── SchemaDrifted       B806
    │   └── UpgradeRefused      B820
    │       ├── UpgradeUnproven     B821
    │       └── UndoRefused         B822
    └── Bug                 B900  an incident; no inside told

Codes are never reused. No error knows a transport: `faces/errors.py` gives exit codes and statuses.
"""

from typing import Any, ClassVar


class BriefsmithError(Exception):
    """Carries what every face shows: a code, one sentence, what to do, and the facts.

    Args:
        message: One sentence that a user understands.
        hint: What to do about it, one sentence; None takes the class's own.
        details: JSON-compatible facts, both sides of a conflict for one.
    """

    code: ClassVar[str] = "B900"
    default_hint: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, hint: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint
        self.details = details or {}

    def as_dict(self) -> dict[str, Any]:
        """The body that every face sends: code, message, hint, details."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


class InvalidInput(BriefsmithError):
    """The call itself is wrong; the same call fails again."""

    code = "B100"
    default_hint = "Change the call; --help lists what it takes."


class EmptyIntent(InvalidInput):
    """A brief needs an intent."""

    code = "B101"
    default_hint = "Say in a sentence what the task is."


class UnknownMode(InvalidInput):
    """A compilation mode that does not exist."""

    code = "B102"


class InvalidId(InvalidInput):
    """Text that is no UUID where an id is needed."""

    code = "B103"
    default_hint = "Ids are UUIDs; `briefsmith block list` and `briefsmith brief list` print them."


class UnreadableDocument(InvalidInput):
    """One file that cannot be imported, and why."""

    code = "B104"
    default_hint = "Mend the file and import again; what went in stays."


class InvalidSetting(InvalidInput):
    """A setting (environment variable) whose value makes no sense."""

    code = "B105"
    default_hint = "Correct or unset the variable."


class NothingToImport(InvalidInput):
    """The paths hold no file that can be imported."""

    code = "B106"
    default_hint = "Import reads .md, .markdown, .txt and .jsonl files."


class InvalidContract(InvalidInput):
    """A file is no contract of a schema."""

    code = "B107"
    default_hint = "`briefsmith schema contract --json` writes one."


class InvalidReceiver(InvalidInput):
    """A receiver that nothing can be sent to."""

    code = "B108"
    default_hint = "A receiver is stdout, the path of a file, or the https address of a webhook."


class UnknownAgent(InvalidInput):
    """No agent has this name."""

    code = "B109"


class InvalidEdit(InvalidInput):
    """An edited text that cannot take the place of the brief's."""

    code = "B110"


class InvalidFile(InvalidInput):
    """What was named cannot be taken into the library: a folder, a device, empty, or it changed meanwhile."""

    code = "B111"
    default_hint = "Name a regular file that nobody is writing to."


class FileTypeRefused(InvalidInput):
    """The bytes are of a type that the library does not take."""

    code = "B112"
    default_hint = "BRIEFSMITH_FILE_TYPES lists the types that it takes."


class NotExtractable(InvalidInput):
    """No text can be taken out of the file."""

    code = "B113"
    default_hint = "Its text can be added by hand: `briefsmith block add --file FILE`."


class KeyReused(InvalidInput):
    """An idempotency key that came with another request before."""

    code = "B114"
    default_hint = "Take a new key for each request, and the same one only to repeat it."


class UnusableSource(InvalidInput):
    """A source of a block that nothing is fetched from, or that gives no text for a block."""

    code = "B115"
    default_hint = "Name another source in the block's notes, or take the line out."


class NotPermitted(BriefsmithError):
    """The actor may not do this."""

    code = "B200"


class NotAuthenticated(NotPermitted):
    """Nobody is known to be asking."""

    code = "B201"


class UnknownUser(NotPermitted):
    """The database has no such user, or it is not clear which one is meant."""

    code = "B202"
    default_hint = "Set BRIEFSMITH_USER to the id or the e-mail address of a user in auth.users."


class NotFound(BriefsmithError):
    """There is none, or it is somebody else's: the answer is the same."""

    code = "B300"


class BlockNotFound(NotFound):
    """No block of the actor has this id."""

    code = "B301"
    default_hint = "`briefsmith block list --status all` shows the blocks that there are."


class BriefNotFound(NotFound):
    """No brief of the actor has this id."""

    code = "B302"
    default_hint = "`briefsmith brief list` shows the briefs that there are."


class ConfigNotFound(NotFound):
    """The brief has no such configuration to run it with."""

    code = "B303"
    default_hint = "`briefsmith brief configure` makes one."


class ProposalNotFound(NotFound):
    """No proposal to the actor has this id."""

    code = "B304"
    default_hint = "`briefsmith review list` shows the proposals that there are."


class FeedbackNotFound(NotFound):
    """The brief has no feedback."""

    code = "B305"
    default_hint = "`briefsmith brief feedback` gives some."


class BriefTypeNotFound(NotFound):
    """The catalogue has no such type of briefs."""

    code = "B306"
    default_hint = "`briefsmith brief types` lists those that there are."


class LibraryFileNotFound(NotFound):
    """No file of the actor has this id."""

    code = "B307"
    default_hint = "`briefsmith file list` shows the files that there are."


class FileContentMissing(NotFound):
    """The library knows the file, but its bytes are not in the storage."""

    code = "B308"
    default_hint = "Add the file again, or remove it: `briefsmith file remove`."


class Conflict(BriefsmithError):
    """Two sides disagree; details show both."""

    code = "B400"


class LabelTaken(Conflict):
    """Another block that is not archived has this label (case is ignored)."""

    code = "B401"
    default_hint = "Choose another label, or edit or archive the block that has it."


class StaleVersion(Conflict):
    """The block has moved on since the caller read it."""

    code = "B402"
    default_hint = "Look at both sides, then repeat the change with the current version."


class WrongState(Conflict):
    """The object's state does not allow this: archived, locked, awaiting review."""

    code = "B403"


class AlreadyThere(Conflict):
    """An object with this id exists already."""

    code = "B404"


class StaleProposal(Conflict):
    """A block has moved on since the change was proposed; details show both."""

    code = "B405"
    default_hint = "Look at both sides; reject the proposal, or edit the block yourself."


class KeyInUse(Conflict):
    """The first request with this idempotency key is still under way."""

    code = "B406"
    default_hint = "Repeat the request in a moment; it then gets the first one's answer."


class OverBudget(BriefsmithError):
    """More than the token budget holds."""

    code = "B500"


class FrameOverBudget(OverBudget):
    """The budget is below what a brief without any block needs."""

    code = "B501"


class AskedBlocksOverBudget(OverBudget):
    """The blocks that were asked for do not fit together."""

    code = "B502"


class FileTooLarge(OverBudget):
    """One file has more bytes than the library takes."""

    code = "B503"
    default_hint = "BRIEFSMITH_FILE_MAX_MB sets how large a file may be."


class LibraryFull(OverBudget):
    """The person's files would have more bytes together than they may."""

    code = "B504"
    default_hint = "Remove files that are not needed, or raise BRIEFSMITH_LIBRARY_MAX_MB."


class RequestTooLarge(OverBudget):
    """One request has more bytes than the server takes."""

    code = "B505"
    default_hint = "Send less at once; BRIEFSMITH_SERVER_BODY_MB sets how much the server takes."


class Unavailable(BriefsmithError):
    """Something outside did not answer; the same call may work later."""

    code = "B600"
    retryable = True


class DatabaseUnreachable(Unavailable):
    """No connection to the database."""

    code = "B601"
    default_hint = "Check the address and that the server runs; `briefsmith doctor` looks closer."


class DiskFull(Unavailable):
    """The server has no room to write; nothing was stored."""

    code = "B602"
    default_hint = "Free some disk space and repeat the call; nothing was stored."


class EmbedderUnavailable(Unavailable):
    """The embedding service did not answer."""

    code = "B603"
    default_hint = "Check BRIEFSMITH_EMBEDDING_URL, or unset it to use the built-in model."


class DatabaseBusy(Unavailable):
    """A lock was not to be had in time, or the server takes no more connections."""

    code = "B604"
    default_hint = "Repeat the call in a moment."


class ServerNotStarted(Unavailable):
    """The embedded database server did not start."""

    code = "B605"
    default_hint = "`briefsmith doctor` shows the folder and the end of the server's log."


class ModelUnavailable(Unavailable):
    """The language model gave no answer, or its answer broke off."""

    code = "B606"
    default_hint = "Check BRIEFSMITH_MODEL_BASE_URL and that the server runs."


class ModelTimedOut(ModelUnavailable):
    """The language model took too long."""

    code = "B607"
    default_hint = "Raise BRIEFSMITH_MODEL_TIMEOUT, or take a faster model."


class ReceiverUnavailable(Unavailable):
    """What was to receive a brief's output did not take it; the output is stored."""

    code = "B608"
    default_hint = "See to the receiver and run it again."


class StorageUnavailable(Unavailable):
    """The storage of files does not answer, or refuses."""

    code = "B609"
    default_hint = "`briefsmith doctor` looks at it; see BRIEFSMITH_STORAGE_URL."


class TooManyRequests(Unavailable):
    """One person asks for more at once, or in a minute, than the server gives."""

    code = "B610"
    default_hint = "Wait as long as the answer says, and repeat the request."


class TookTooLong(Unavailable):
    """The server ended a request that took too long; nothing half done is stored."""

    code = "B611"
    default_hint = "Repeat the request; with an Idempotency-Key, if it writes."


class SourceUnavailable(Unavailable):
    """What a block is refreshed from does not answer, or breaks off; the block stays as it is."""

    code = "B612"
    default_hint = "Run the researcher again later."


class ModelMisbehaved(BriefsmithError):
    """A model answered, but not with what was asked for."""

    code = "B700"


class WrongEmbedding(ModelMisbehaved):
    """An embedding of the wrong width, or with values that are no numbers."""

    code = "B701"
    default_hint = "Use a model that can give 256 numbers (`dimensions=256`)."


class InvalidAnswer(ModelMisbehaved):
    """A language model's answer that cannot be used, however often it was asked."""

    code = "B702"
    default_hint = "Try again, or another model."


class ModelRefused(ModelMisbehaved):
    """The language model, or a filter before it, will not answer."""

    code = "B703"
    default_hint = "Word the task differently, or try another model."


class SchemaMismatch(BriefsmithError):
    """Database and package do not fit together."""

    code = "B800"
    default_hint = "Run `briefsmith doctor`."


class ServerTooOld(SchemaMismatch):
    """PostgreSQL before 15."""

    code = "B801"
    default_hint = "Use PostgreSQL 15 to 18."


class VectorMissing(SchemaMismatch):
    """The server does not have the vector extension."""

    code = "B802"
    default_hint = "Install pgvector on the server (Supabase has it)."


class NotMigrated(SchemaMismatch):
    """The database is behind this package, or holds no Briefsmith schema at all."""

    code = "B803"
    default_hint = "Run `briefsmith init`."


class DatabaseIsNewer(SchemaMismatch):
    """The database has migrations that this package does not know."""

    code = "B804"
    default_hint = "Upgrade the package: `pip install --upgrade briefsmith`."


class MigrationFailed(SchemaMismatch):
    """A migration stopped; it left nothing behind."""

    code = "B805"


class SchemaDrifted(SchemaMismatch):
    """The database has every migration, and yet not what they made."""

    code = "B806"
    default_hint = "`briefsmith schema verify --sql` prints what mends it."


class UpgradeRefused(SchemaMismatch):
    """Something stands in the way of an upgrade, and nothing was changed."""

    code = "B820"
    default_hint = "Take it out of the way, or leave the database as it is."


class UpgradeUnproven(UpgradeRefused):
    """A legacy row cannot be made again from the new ones; the legacy tables stay in use."""

    code = "B821"
    default_hint = "Please report it; nothing was dropped, and `--undo` removes what was made."


class UndoRefused(UpgradeRefused):
    """What was stored since the upgrade would be lost."""

    code = "B822"
    default_hint = "`briefsmith block export` keeps the blocks; then add --discard-changes."


class Bug(BriefsmithError):
    """A fault of the package itself."""

    code = "B900"
    default_hint = "Please report it, with the incident id."
