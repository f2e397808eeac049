"""Further targets: read from a file, told by webhook or by Python of one's own, and none of them can harm the hub."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from hub.node.notifying import Notification
from signaling.options import Options, OptionsInvalid
from signaling.targets import Named, Targets, TargetsInvalid, read_targets
from signaling.webhooks import signature
from tests.support.receiver import receiving

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOLD = Notification("ntf_1", "main", "s_1", "", "approval", "c_1", "refund", ("p_ada",), 1_700_000_000_000)
HOOK = 'name = "crm"\nurl = "https://crm.example/x"\nsecret = "{secret}"\n'.replace("{secret}", SECRET)


def written(folder: Path, *targets: str) -> Path:
    path = folder / "targets.toml"
    path.write_text("".join(f"[[target]]\n{each}\n" for each in targets))
    return path


def wall() -> float:
    return 1_700_000_000.0


async def test_a_webhook_of_the_file_is_signed_with_its_own_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for waits in ("outside", "targets"):  # a busy machine may stand still for as long as a hub waits
        monkeypatch.setattr(f"signaling.{waits}.SECONDS", 50.0)
    async with receiving() as receiver:
        table = (
            f'name = "crm"\nurl = "{receiver.url}"\nsecret_env = "CRM"\nkinds = ["approval"]\nprivate = true'
        )
        targets = Targets(read_targets(written(tmp_path, table), wall, {"CRM": SECRET}))
        assert targets.words == "crm:approval"
        assert await targets.tell(TOLD, "crm") == ""
        await targets.close()
        ((headers, body),) = receiver.got
        assert headers["webhook-id"] == "ntf_1"
        assert headers["webhook-signature"] == signature(bytes(range(32)), "ntf_1", "1700000000", body)


async def test_python_of_ones_own_is_found_beside_the_file_and_its_faults_are_tries_in_vain(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine_to_tell.py").write_text(
        "told = []\n"
        "async def note(notification):\n    told.append(notification.id)\n    return ''\n"
        "class Bad:\n    async def tell(self, notification):\n        raise OSError('secret words')\n"
    )
    file = written(
        tmp_path, 'name = "mine"\npython = "mine_to_tell:note"', 'name = "bad"\npython = "mine_to_tell:Bad"'
    )
    targets = Targets(await asyncio.to_thread(read_targets, file, wall))
    assert [await targets.tell(TOLD, name) for name in ("mine", "bad", "other")] == [
        "", "it failed: OSError", "this hub has no such target",
    ]  # fmt: skip
    import mine_to_tell  # type: ignore[import-not-found]

    assert mine_to_tell.told == ["ntf_1"]


async def test_a_target_given_to_the_program_that_serves_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.targets.SECONDS", -0.99)

    class Hangs:
        async def tell(self, notification: Notification) -> str:
            await asyncio.Event().wait()
            return ""

    options = Options(own_targets=(Named("own", Hangs, ("answer",)),))
    targets = Targets(options.named_targets())
    assert targets.words == "own:answer"
    assert (await targets.tell(TOLD, "own")).startswith("no answer")


@pytest.mark.parametrize(
    "table",
    [
        HOOK.replace("https://crm.example/x", "http://127.0.0.1/"),
        HOOK.replace(SECRET, "whsec_short"),
        HOOK.replace("secret =", "secret_env ="),
        HOOK.replace('"crm"', '"c r m"'),
        HOOK + 'kinds = ["gossip"]\n',
        HOOK + 'colour = "red"\n',
        HOOK + 'python = "a:b"\n',
        'name = "mine"\npython = "no_such_module:tell"',
        'name = "mine"\npython = "json:dumps"',
        'name = "mine"\npython = "json"',
        'name = "mine"',
        HOOK + "[[target]]\n" + HOOK,
        "".join("[[target]]\n" + HOOK.replace("crm", f"crm{number}", 1) for number in range(9)),
        "= no toml",
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_before_anything_is_opened(
    table: str, tmp_path: Path
) -> None:
    path = written(tmp_path, table)
    with pytest.raises(TargetsInvalid):
        read_targets(path, wall, {})
    with pytest.raises(OptionsInvalid, match="--targets"):
        Options(targets=path)


def test_the_examples_file_can_be_read_and_notes_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANTED", str(tmp_path / "wanted.jsonl"))
    (journal,) = read_targets(Path("examples/targets.toml"), wall)
    target = journal.made()
    for _ in range(2):
        assert asyncio.run(target.tell(TOLD)) == ""
    (line,) = (tmp_path / "wanted.jsonl").read_text().splitlines()
    assert json.loads(line) == {"id": "ntf_1", "session": "s_1", "notice": "approval"}
