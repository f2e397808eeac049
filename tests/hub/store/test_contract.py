"""Every store keeps the promise: the model, and each real server on this machine."""

from tests.hub.store.accounts_contract import AccountsContract
from tests.hub.store.contract import AppendContract, WitnessContract
from tests.hub.store.duties_contract import BusContract, DutiesContract, RingsContract
from tests.hub.store.expiry_contract import ExpiryContract
from tests.hub.store.open_contract import OpenContract
from tests.hub.store.refusals_contract import RefusalsContract
from tests.hub.store.resting_contract import RestingContract
from tests.hub.store.roster_contract import RosterContract
from tests.hub.store.shelf_contract import CreateContract, ShelfContract, SnapshotContract
from tests.hub.store.tickets_contract import TicketsContract


class TestAppend(AppendContract): ...


class TestWitness(WitnessContract): ...


class TestCreate(CreateContract): ...


class TestOpen(OpenContract): ...


class TestSnapshots(SnapshotContract): ...


class TestShelf(ShelfContract): ...


class TestBus(BusContract): ...


class TestDuties(DutiesContract): ...


class TestExpiry(ExpiryContract): ...


class TestRings(RingsContract): ...


class TestTickets(TicketsContract): ...


class TestRefusals(RefusalsContract): ...


class TestRoster(RosterContract): ...


class TestAccounts(AccountsContract): ...


class TestResting(RestingContract): ...
