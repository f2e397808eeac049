"""Tickets signed, verified, revoked; keyrings."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hub.keys.errors import KeyringInvalid, KeyringMissing, TicketRefused
from hub.keys.keyring import Keyring, configured_keyring
from hub.keys.revocations import KEPT_S, RevocationList
from hub.keys.signer import KNOWN, TicketSigner
from legato.session.proof_key import ProofKey
from legato.session.tickets import Kind, Ticket, claims_of, new_ticket, ticket_from
from tests.hub.keys.forging import ED_KEY, KEYRING, NOW, SECRET, forge

VECTORS = Path(__file__).parents[2] / "vectors"
PROOF = json.loads((VECTORS / "proof.json").read_text())
TICKETS = json.loads((VECTORS / "tickets.json").read_text())
KEY = ProofKey.from_jwk(PROOF["known"]["jwk"])


def ticket(**changes: Any) -> Ticket:
    fields: dict[str, Any] = {
        "kind": "access",
        "id": "j_1",
        "now": NOW,
        "tenant": "main",
        "session": "s_1",
        "participant": "p_ada",
        "role": "user",
    }
    return new_ticket(**{**fields, **changes})


def private_pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return str(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")
    )


def public_pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode("ascii"))


def keyring_file(folder: Path, *keys: dict[str, Any], mode: int = 0o600, **settings: Any) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"version": 1, "sign_with": "hub", "keys": list(keys), **settings}))
    path.chmod(mode)
    return path


def hub_key(**changes: Any) -> dict[str, Any]:
    private = private_pem(ec.generate_private_key(ec.SECP256R1()))
    return {"id": "hub", "algorithm": "ES256", "issuer": "https://hub.example", "private": private, **changes}


@pytest.mark.parametrize("kind", ["access", "resume", "invite"])
@pytest.mark.parametrize("keyring", [KEYRING, Keyring.development(SECRET)], ids=["ES256", "HS256"])
def test_what_was_minted_verifies(keyring: Keyring, kind: Kind) -> None:
    minted = ticket(kind=kind, attachment="a_1", key=KEY, name="Ödön")
    text = TicketSigner(keyring).mint(minted)
    assert TicketSigner(keyring).verify(text, NOW) == minted


def test_a_ticket_that_is_known_is_refused_like_one_that_is_not() -> None:
    revoked = RevocationList()
    signer = TicketSigner(KEYRING, revoked)
    known = forge().text()
    assert signer.verify(known, NOW) == signer.verify(known, NOW)
    for late in (known, signer.mint(ticket())):
        with pytest.raises(TicketRefused):
            signer.verify(late, NOW + 10_000)
        with pytest.raises(TicketRefused):
            signer.verify(late, NOW, frozenset({"invite"}))
        with pytest.raises(TicketRefused):
            signer.verify(late[:-4] + "AAAA", NOW)
    revoked.revoke("main", "j_1", NOW)
    with pytest.raises(TicketRefused):
        signer.verify(known, NOW)


def test_of_many_tickets_the_first_are_forgotten_and_still_good() -> None:
    signer = TicketSigner(KEYRING)
    first = forge().text()
    signer.verify(first, NOW)
    for number in range(KNOWN):
        signer.mint(ticket(id=f"j_{number}"))
    assert signer.known == KNOWN
    assert signer.verify(first, NOW).id == "j_1"


@pytest.mark.parametrize("vector", TICKETS["tickets"], ids=[one["name"] for one in TICKETS["tickets"]])
def test_a_ticket_has_the_text_of_the_vectors(vector: dict[str, Any]) -> None:
    signer = TicketSigner(Keyring.shared(bytes.fromhex(TICKETS["secret"])))
    read = signer.verify(vector["ticket"], TICKETS["now"])
    assert read.kind == vector["kind"]
    assert claims_of(read) == vector["claims"]
    assert ticket_from(read.kind, vector["claims"]) == read
    assert signer.mint(read) == vector["ticket"]


def test_a_door_takes_only_the_kinds_it_asked_for() -> None:
    signer = TicketSigner(KEYRING)
    invite = signer.mint(ticket(kind="invite"))
    assert signer.verify(invite, NOW, frozenset({"invite"})).kind == "invite"
    with pytest.raises(TicketRefused):
        signer.verify(invite, NOW, frozenset({"access", "resume"}))


@pytest.mark.parametrize(("now", "good"), [(-31, False), (-30, True), (0, True), (629, True), (630, False)])
def test_a_ticket_is_good_for_its_time_and_the_leeway(now: int, good: bool) -> None:
    if good:
        assert TicketSigner(KEYRING).verify(forge().text(), NOW + now).id == "j_1"
        return
    with pytest.raises(TicketRefused):
        TicketSigner(KEYRING).verify(forge().text(), NOW + now)


def test_a_hub_does_not_sign_what_its_key_may_not() -> None:
    backend = Keyring("legato", "backend", KEYRING.keys)
    with pytest.raises(TicketRefused) as caught:
        TicketSigner(backend).mint(ticket(kind="resume", attachment="a_1", key=KEY))
    assert caught.value.detail == "kind_not_of_key"


def test_a_development_ticket_is_worthless_at_a_configured_hub() -> None:
    minted = TicketSigner(Keyring.development(SECRET)).mint(ticket())
    for keyring in (KEYRING, Keyring.shared(SECRET)):
        with pytest.raises(TicketRefused):
            TicketSigner(keyring).verify(minted, NOW)


def test_a_revoked_ticket_is_refused_and_no_other() -> None:
    revoked = RevocationList()
    signer = TicketSigner(KEYRING, revoked)
    one, two = signer.mint(ticket()), signer.mint(ticket(id="j_2"))
    elsewhere = signer.mint(ticket(tenant="shop"))
    signer.verify(one, NOW)
    revoked.revoke("main", "j_1", NOW)
    with pytest.raises(TicketRefused) as caught:
        signer.verify(one, NOW)
    assert caught.value.detail == "revoked"
    signer.verify(two, NOW)
    signer.verify(elsewhere, NOW)


def test_revoking_a_participant_spares_what_is_issued_later() -> None:
    revoked = RevocationList()
    signer = TicketSigner(KEYRING, revoked)
    revoked.revoke_participant("main", "s_1", "p_ada", NOW)
    with pytest.raises(TicketRefused):
        signer.verify(signer.mint(ticket()), NOW)
    signer.verify(signer.mint(ticket(participant="p_bob")), NOW)
    signer.verify(signer.mint(ticket(session="s_2")), NOW)
    signer.verify(signer.mint(ticket(now=NOW + 1)), NOW + 1)


def test_a_revocation_is_kept_while_a_ticket_could_be_good() -> None:
    revoked = RevocationList()
    resume = ticket(kind="resume", attachment="a_1", key=KEY)
    revoked.revoke("main", "j_1", NOW)
    revoked.revoke_participant("main", "s_1", "p_bob", NOW)
    revoked.expire(resume.expires + 30)
    assert revoked.revoked(resume)
    revoked.expire(NOW + KEPT_S + 1)
    assert not revoked.revoked(resume)
    assert not revoked.revoked(ticket(participant="p_bob"))


# --- keyrings


def test_a_keyring_of_three_algorithms_is_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "hub.pem").write_text(private_pem(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "shop.pem").write_text(public_pem(ED_KEY))
    path = tmp_path / "keys.toml"
    path.write_text(
        'version = 1\nsign_with = "hub"\n'
        '[[keys]]\nid = "hub"\nalgorithm = "ES256"\nissuer = "https://hub.example"\nprivate_file = "hub.pem"\n'
        '[[keys]]\nid = "shop"\nalgorithm = "EdDSA"\nissuer = "https://shop.example"\n'
        'public_file = "shop.pem"\ntenants = ["shop"]\n'
        f'[[keys]]\nid = "backend"\nalgorithm = "HS256"\nissuer = "https://shop.example"\nsecret = "{"A" * 43}"\n'
    )
    path.chmod(0o600)
    keyring = Keyring.load(path)
    assert (keyring.audience, keyring.sign_with) == ("legato", "hub")
    assert keyring.keys["hub"].kinds == {"access", "resume", "invite"}
    assert keyring.keys["shop"].kinds == {"access", "invite"}
    assert keyring.keys["shop"].signs is None
    signer = TicketSigner(keyring)
    assert signer.verify(TicketSigner(keyring).mint(ticket()), NOW) == ticket()
    shop = forge({"kid": "shop", "alg": "EdDSA"}, ten="shop")
    assert signer.verify(shop.text_ed(), NOW).tenant == "shop"
    assert signer.verify(forge().text(bytes(32)), NOW).tenant == "main"


def test_an_ed25519_key_signs(tmp_path: Path) -> None:
    keyring = Keyring.load(keyring_file(tmp_path, hub_key(algorithm="EdDSA", private=private_pem(ED_KEY))))
    assert TicketSigner(keyring).verify(TicketSigner(keyring).mint(ticket()), NOW) == ticket()


P384 = private_pem(ec.derive_private_key(7, ec.SECP384R1()))
RSA = private_pem(rsa.generate_private_key(65537, 2048))
BACKEND = {"id": "backend", "algorithm": "HS256", "issuer": "https://shop.example", "secret": "A" * 43}


@pytest.mark.parametrize(
    ("complaint", "key"),
    [
        ("P-256", hub_key(private=P384)),
        ("P-256", hub_key(private=RSA)),
        ("P-256", hub_key(private=private_pem(ED_KEY))),
        ("Ed25519", hub_key(algorithm="EdDSA")),
        ("algorithm", hub_key(algorithm="none")),
        ("algorithm", hub_key(algorithm="RS256", private=RSA)),
        ("one of secret", hub_key(algorithm="HS256")),
        ("one of secret", {**BACKEND, "id": "hub", "algorithm": "ES256"}),
        ("one of secret", hub_key(secret="A" * 43)),
        ("32 bytes", {**BACKEND, "id": "hub", "secret": "A" * 42}),
        ("base64url", {**BACKEND, "id": "hub", "secret": "not base64!" * 5}),
        ("PEM", hub_key(private="-----BEGIN NOTHING-----")),
        (
            "private_file",
            {**{k: v for k, v in hub_key().items() if k != "private"}, "private_file": "none.pem"},
        ),
        ("sign_with", {**BACKEND, "id": "other"}),
        ("issuer", {**BACKEND, "id": "hub", "issuer": ""}),
        ("unknown setting", hub_key(jwks_url="https://evil.example")),
        ("tenants", hub_key(tenants="main")),
        ("tenants", hub_key(tenants=[])),
        ("kinds", hub_key(kinds=["everything"])),
    ],
)
def test_a_keyring_that_could_do_harm_is_refused(tmp_path: Path, complaint: str, key: dict[str, Any]) -> None:
    with pytest.raises(KeyringInvalid) as caught:
        Keyring.load(keyring_file(tmp_path, key))
    assert complaint in caught.value.reason
    assert caught.value.where == str(tmp_path / "keys.json")


def test_only_the_hubs_own_key_makes_resume_tickets(tmp_path: Path) -> None:
    with pytest.raises(KeyringInvalid):
        Keyring.load(keyring_file(tmp_path, hub_key(), {**BACKEND, "kinds": ["resume"]}))


def test_two_keys_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyringInvalid):
        Keyring.load(keyring_file(tmp_path, hub_key(), {**BACKEND, "id": "hub"}))


def test_a_key_that_only_verifies_cannot_be_signed_with(tmp_path: Path) -> None:
    key = {"id": "hub", "algorithm": "EdDSA", "issuer": "https://hub.example", "public": public_pem(ED_KEY)}
    with pytest.raises(KeyringInvalid) as caught:
        Keyring.load(keyring_file(tmp_path, key))
    assert "sign_with" in caught.value.reason


@pytest.mark.parametrize(
    "settings",
    [
        {"version": 2},
        {"audience": ""},
        {"audience": 7},
        {"sign_with": 7},
        {"keys": {}},
        {"keys": ["hub"]},
        {"leeway": 3600},
    ],
)
def test_a_keyring_of_another_shape_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(KeyringInvalid):
        Keyring.load(keyring_file(tmp_path, hub_key(), **settings))


def test_a_keyring_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyringInvalid) as caught:
        Keyring.load(keyring_file(tmp_path, hub_key(), mode=0o604))
    assert "chmod" in caught.value.reason


@pytest.mark.parametrize("text", ["", "[", "[]", "7", "version = 1"])
def test_what_is_no_keyring_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("keys.json", "keys.toml"):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
        with pytest.raises(KeyringInvalid):
            Keyring.load(tmp_path / name)
    with pytest.raises(KeyringInvalid):
        Keyring.load(tmp_path / "missing.toml")


def test_off_loopback_a_hub_without_a_key_must_not_start() -> None:
    with pytest.raises(KeyringMissing) as caught:
        configured_keyring({}, loopback=False, development=SECRET)
    assert "LEGATO_KEYRING" in str(caught.value)


def test_on_loopback_a_hub_without_a_key_uses_the_development_one() -> None:
    keyring, development = configured_keyring({}, loopback=True, development=SECRET)
    assert development
    assert list(keyring.keys) == ["development"]


def test_a_configured_key_comes_before_the_development_one(tmp_path: Path) -> None:
    path = keyring_file(tmp_path, hub_key())
    for environment in (
        {"LEGATO_KEYRING": str(path)},
        {"LEGATO_TICKET_SECRET": "A" * 43},
        {"LEGATO_KEYRING": str(path), "LEGATO_TICKET_SECRET": "A" * 43},
    ):
        keyring, development = configured_keyring(environment, loopback=True, development=SECRET)
        assert not development
        assert keyring.sign_with == ("hub" if "LEGATO_KEYRING" in environment else "shared")


@pytest.mark.parametrize("secret", ["A" * 42, "changeme", "ä" * 43])
def test_a_weak_secret_of_the_environment_is_refused(secret: str) -> None:
    with pytest.raises(KeyringInvalid) as caught:
        configured_keyring({"LEGATO_TICKET_SECRET": secret}, loopback=True, development=SECRET)
    assert caught.value.where == "LEGATO_TICKET_SECRET"
    assert secret not in str(caught.value)


def test_no_key_shows_in_print() -> None:
    for shown in (repr(KEYRING), repr(KEYRING.keys["backend"]), repr(TicketSigner(KEYRING))):
        assert repr(SECRET) not in shown
        assert "secret" not in shown
