"""What can go wrong behind this door. Nothing here quotes a key, a ticket or a plaintext."""


class KeysError(Exception):
    """Any failure of this room."""


class KeyUnknown(KeysError):
    """The session never had a data key in this key store."""


class SessionForgotten(KeysError):
    """The session was erased: its key is gone, and nothing will bring it back."""


class KeyNotOpen(KeysError):
    """The opened key is too old to be used without asking the key store again: get a new sealer."""


class KeyStoreUnavailable(KeysError):
    """The key store did not answer in time, or has too much in hand. Nothing is known; try again."""


class KeyStoreDamaged(KeysError):
    """A wrapped key or secret does not open: another key file, or changed bytes. `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class KeyFileUnusable(KeysError):
    """The key file may not be used; `reason` is `exposed`, `malformed` or `missing`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class KeyFolderUnusable(KeysError):
    """The folder of the keys cannot be made, read or written; `why` is the system's word for it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"keys cannot be kept in {path} ({why}): choose another data folder, or make this one writable"
        )
        self.path = path
        self.why = why


class SealBroken(KeysError):
    """The bytes are not what was sealed for that place; `reason` is `short`, `version` or `tag`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PlaceInvalid(KeysError, ValueError):
    """A value that no place can carry; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TicketRefused(KeysError):
    """A ticket that is not good. It says the same of all of them: `detail` is for the log and the audit,
    never for whoever sent it, and quotes nothing of the ticket."""

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.detail = detail

    def __str__(self) -> str:
        return "ticket_refused"


class KeyringInvalid(KeysError):
    """The configured keys cannot be used. `where` is a path or a variable, `reason` says what is wrong."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class KeyringMissing(KeysError):
    """Off loopback the hub signs and accepts tickets only with a configured key."""

    def __str__(self) -> str:
        return (
            "no key for tickets is configured, and off loopback none is made: set LEGATO_TICKET_SECRET (at least "
            "32 bytes as base64url, shared with the back ends that mint tickets), or LEGATO_KEYRING to a keyring file"
        )
