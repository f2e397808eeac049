"""Where sealed segments of log and audio rest when they have left the store."""

from hub.vault.folder import Folder, VaultDamaged
from hub.vault.vault import Vault

__all__ = ["Folder", "Vault", "VaultDamaged"]
