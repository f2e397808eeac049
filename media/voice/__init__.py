"""A session's voice: microphones become turns and transcripts, an agent's words become speech that is heard.

Pure machines decide: `microphone` (where a packet belongs, what is lost), `minutes` (what the ears heard, as
events), `barge_in` (who has the floor), `script` (what is to be said, and from which character), `ledger` (how
much of it was heard), `marks` (when each stage of a turn was reached). Thin shells do it: `ear`, `mouth`,
`clerk`, `keeper`, `wheel`; `session` joins them for one session and `desk` for a node.

Nothing here is needed to go on: what is heard is settled in the log each second, sound rests in the rings of
the store, and a new call on the next node speaks on from the last word that was settled.
"""
