"""Where sealed segments of log and audio rest when they have left the store."""

from hub.vault.folder import Folder, VaultDamaged
from hub.vault.kept_log import KeptLog
from hub.vault.residues import ResidueBroken, opened_residue, sealed_residue
from hub.vault.vault import Vault, VaultUnavailable

__all__ = [
    "Folder",
    "KeptLog",
    "ResidueBroken",
    "Vault",
    "VaultDamaged",
    "VaultUnavailable",
    "opened_residue",
    "sealed_residue",
]
