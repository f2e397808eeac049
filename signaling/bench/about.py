"""How each figure is measured, in three sentences, for those who doubt it."""

from __future__ import annotations

from typing import Final

_STREAM: Final = (
    "200 sessions, each with a writer at one node and a reader at another, share one store; every event is one "
    "delta of a message, sent at a fixed rate whether or not the hub keeps up. "
)
_FLOOR: Final = (
    " The floor is as many bare WebSocket echoes as the hub has processes, each given every message at the same "
    "rate in the same run."
)

_CALLS: Final = (
    "Many call at once, each in a session of their own; each says 50 frames a second, which are kept in the store's "
    "ring, and is sent 50, with reports both ways. Nobody there needs samples (no ears, no agent that listens), so "
    "nothing is decoded. "
)

_TURN: Final = (
    "Four people ask aloud and are answered, again and again; ears (150 ms) and a voice (80 ms) are a service that "
    "tells how long it took, the agent needs no time to think. By the log's own marks. "
)

ABOUT: Final[dict[str, str]] = {
    "append_ack_ms": _STREAM
    + "From the writer's send to its acknowledgement at the same client, 1 000 events a second."
    + _FLOOR,
    "deliver_remote_ms": _STREAM
    + "From the writer's send to the event at the reader, 1 000 events a second."
    + _FLOOR,
    "append_ack_5k_ms": _STREAM + "As append_ack_ms, at 5 000 events a second." + _FLOOR,
    "deliver_remote_5k_ms": _STREAM + "As deliver_remote_ms, at 5 000 events a second." + _FLOOR,
    "resume_ws_ms": "Somebody misses 10 000 deltas, with 10 000 sessions on the store, and comes to a node that has "
    "the session closed: it must read it from the store. From before the TCP connection until the position of the last "
    "missed event was received. The floor is a connection to a bare echo and one message there and back.",
    "resume_warm_ws_ms": "As resume_ws_ms, at a node that has the session open.",
    "storm_ms": "All idle clients lose their connections in one moment and come back in the next, to the same node. "
    "From before each one's first try until its state is here; the client's own work on the same machine is in "
    "it. The floor is the same storm on a bare echo.",
    "join_long_ms": "Somebody new joins a session of 100 000 events at a node that has it closed. From before the TCP "
    "connection until the state is here. Joins of long and of short sessions take turns.",
    "join_short_ms": "As join_long_ms, with 1 000 events.",
    "first_audio_ms": "Chromium, from the click to the first sample of a prepared greeting that is not silence, at an "
    "AudioWorklet. The page is at rest and a call waits, silent. The output is warmed when the pointer goes down. The "
    "microphone is attached after.",
    "call_set_up_ms": "All callers call, eight at a time: from the SDP offer by HTTP until the handshake is over.",
    "call_cpu_ms": _CALLS + "Processor time of the node, for one call, in a second.",
    "calls_per_core": _CALLS + "How many such calls use 70 % of a core.",
    "calls_per_core_aiortc": "As calls_per_core, with a peer connection of stock aiortc for each call, which decodes "
    "what it hears and encodes a tone. Few calls, so that it keeps time.",
    "calls_by_aiortc": "calls_per_core by calls_per_core_aiortc, of the same run.",
    "calls_per_core_pipecat": "As calls_per_core, with Pipecat's own transport (SmallWebRTC) and a pipeline for "
    "each call, which says what it hears: it decodes and encodes, as all of them do. Few calls: it is to keep time.",
    "calls_per_core_beside": "calls_per_core, once more, just before those of Pipecat.",
    "calls_beside_kept": "As call_frames_kept, of those calls: below 1 the ratio says nothing.",
    "calls_by_pipecat": "calls_per_core_beside by calls_per_core_pipecat.",
    "calls_pipecat_kept": "As call_frames_kept, of those calls.",
    "call_frames_kept": "Frames that came to the callers by frames that were due: below 1 the machine was full.",
    "call_frames_heard": "Of the callers' frames, those that its port had room for: below 1 calls cost more.",
    "call_kb": "Resident memory of the node, before and after those who are attached call and speak.",
    "hub_added_latency_ms": "Two people in one session, while the other calls stand: from the send of a frame "
    "by one until the kernel has it for the other, both sockets included. The floor: a bare process sends it back.",
    "hub_tapped_latency_ms": "The same frames, until an agent that listens on a WebSocket has read them.",
    "hub_added_arrived": "Of those frames, the share that came to the other person.",
    "hub_tapped_arrived": "Of those frames, the share that came to the agent.",
    "hub_pause_ms": "People talk into an agent's speech, at any moment of it: from the send of the frame in which "
    "their voice begins (six sentences, by the demo's voice) to the first frame from the hub that is no speech.",
    "hub_mute_ms": "The same, to the signal by which the hub mutes a page.",
    "mouth_to_ear_ms": "A word said into one page until it leaves the output of another: two Chromiums on one "
    "machine, the hub between them. Most of it is the browsers': capture, jitter buffer, output.",
    "barge_in_ms": "Chromium, whose microphone hears a word every few seconds while an agent's tone plays: from the "
    "first loud sample of the word, by the capture's own clock, to the first silent one of what is played, by the "
    "output's. The page falls silent by its own judgement.",
    "heard_error_ms": "What the log says in the end of how much was heard, against what the person's page played: "
    "from a buffer of 60 ms, until it was muted. The page reports as the demo's does.",
    "heard_error_phone_ms": "The same, of those who report nothing and play all that comes.",
    "heard_error_page_ms": "The same in Chromium, which plays a tone that rises while somebody talks into it: what the "
    "log says in the end of how much was heard, against the moment of the tone at the last loud sample that left the "
    "page's graph. The agent begins at any time, the sentences come at no fixed distance.",
    "heard_page_beyond": "Of these, how often the log says that more was heard, by more than the bar.",
    "heard_beyond_sent": "Interruptions after which the log says that more was heard than had come.",
    "turn_end_of_turn_ms": _TURN
    + "From the end of speech to the end of the turn: the silence that ends one, and what is over it.",
    "turn_transcript_final_ms": _TURN
    + "From there until the words are known; the ears began when the sound was over.",
    "turn_first_word_ms": _TURN
    + "From there to the agent's first word: to the worker and back through the log.",
    "turn_first_audio_in_ms": _TURN
    + "From there until its first speech is made; what the voice itself needs is in it.",
    "turn_first_audio_out_ms": _TURN + "From there until it is written down and leaves the hub.",
    "turn_heard_ms": _TURN + "From there until it is heard, as the hub reckons.",
    "turn_hub_ms": _TURN
    + "From the end of speech until the answer leaves, less that silence and what the voice says it took.",
    "turn_engines_ms": "What ears and voice say they took for the same turns.",
    "switch_to_text_ms": "Somebody is told a story and turns to text in mid sentence: from the command until the log "
    "shows the rest as read and no frame of speech comes any more.",
    "switch_to_voice_ms": "Back to voice: from the command to the first frame of speech, less what the voice took.",
    "switch_words_wrong": "Switches after which what was heard, what was read until the person listened again, and "
    "what was said then are not the story, word by word.",
    "gap_audio_recovered": "People say numbered frames, one each 20 ms, and lose every connection for five seconds in "
    "mid speech. Of the frames said meanwhile, the share that is in the recording afterwards, once and at its place.",
    "gap_audio_wrong": "Frames of those recordings that are there twice, or elsewhere.",
    "gap_audio_back_ms": "From the end of that outage until the hub has acknowledged all that was said in it.",
    "gap_words_wrong_share": "People say two sentences, are cut off from everything, and say the same two again; "
    "each sentence of the recordings is given to the recogniser. Of the words said in the outage, the share "
    "that is left out, put in or changed. The bar is the share outside.",
    "gap_words_wrong_share_outside": "The same, of the same sentences before the outage.",
    "gap_words": "Words said in the outage, and as many outside.",
    "spray_gap_ms": "Between two frames from the hub at an innocent caller (20 ms are meant) while somebody sprays "
    "noise at the port. The floor is the same without the noise.",
    "spray_set_up_ms": "As call_set_up_ms, one call after another during the spray.",
    "spray_failed_set_ups": "Of those, the ones that failed.",
    "spray_bytes_back": "What the sprayer was sent.",
    "spray_packets": "What it sent.",
    "spray_replayed": "Checks, and protected sound and reports, that innocent callers had sent before, sent again by "
    "it from addresses of its own.",
    "spray_replay_times_back": "How many times the bytes that such an address had sent came back to it, at most: "
    "the checks are authentic, and only a hub that remembers having seen them is silent.",
    "spray_grown_kb": "Growth of the node's resident memory over the spray and the calls that were set up meanwhile.",
    "takeover_ms": "An agent speaks on a call and an operator takes over, whose call stands and sends no sound: "
    "from the click (the command leaves, and the next frame has a voice) until the kernel of the caller has the first "
    "frame of the operator's. One at a time, in six sessions.",
    "takeover_unarmed_ms": "As takeover_ms, where the operator's call is made with the click.",
    "takeover_gap_ms": "The longest time without a frame at the caller around each takeover and each hand-back, or at "
    "a takeover without a frame of anybody's voice, from the agent's last to the operator's first; less the 20 ms "
    "that are meant.",
    "takeover_calls_changed": "Calls of the caller that began anew, and SSRCs that changed, in all of it.",
    "cancel_ms": "An answer is stopped: from the person's command until the generator of the agent that gives it is "
    "closed, by the clock of the machine, which both are on.",
    "cancel_told_ms": "The same, until the person is told that the answer has ended.",
    "cancel_silence_ms": "An answer is stopped in mid speech: from the command until the last frame that is no "
    "silence came to the caller, and has sounded.",
    "page_reload_ms": "Chromium. Somebody to whom an agent speaks reloads the page in mid speech: from the "
    "navigation's start to the first sample of the rest that the page sounds. The page calls by the ticket and the "
    "certificate that the page before it kept; no gesture touches it.",
    "page_reload_frame_ms": "The same, to the first audio frame of the hub, whatever it holds.",
    "page_reload_words_wrong": "Of those reloads: words of 200 ms, one after another, that were said twice or not at "
    "all, by what sounded last before the page went and first after it.",
    "voice_resume_cold_ms": "After each of those reloads, when the page is at rest: from when it calls anew by its "
    "ticket to the first audio frame. Offer and answer are the page's own, made before, as it always does.",
    "voice_resume_cold_event_ms": "The same, to the first event of the call in the page, over the session's "
    "connection, which stands.",
    "voice_resume_rtt_ms": "As voice_resume_cold_ms, with 20 ms to the hub and back.",
    "voice_resume_rtt_event_ms": "As voice_resume_cold_event_ms, with 20 ms to the hub and back on every way.",
    "voice_resume_loss_ms": "As voice_resume_cold_ms, with one datagram in twenty lost, each way.",
    "voice_resume_stock_ms": "The same, where the hub leaves lost flights of its handshake to OpenSSL's timer.",
    "voice_resume_loss_ratio": "p90 of voice_resume_loss_ms by that of voice_resume_stock_ms.",
    "address_change_gap_ms": "Chromium in a call whose way gets another port at the hub (a NAT that forgot): the "
    "longest time without a frame towards the page, less the 20 ms between two.",
    "dead_path_ms": "Chromium. The path of a call carries nothing any more in either direction, and nothing closes; a "
    "new one would get through, and the session's connection lives. From that moment to the first frame that sounds "
    "by another.",
    "working_paths_dropped": "Chromium. One packet in ten is lost and each waits up to 100 ms: how often the page went "
    "another way though its path worked.",
    "false_crashes_bad_path": "Workers and people each come by a proxy that loses one packet in ten and brings it as "
    "late as TCP does that waits for its timer (200 ms, doubled); every answer goes on all the time. How often people "
    "were told that an agent had crashed.",
    "bad_path_unreachable": "Meanwhile: how often they were told that one is unreachable for now, which a new "
    "connection of its worker within the window ends.",
    "bad_path_silent": "People who heard no word on it: there must have been somebody to be taken for dead.",
    "bad_path_lost": "The share of packets that the ways brought late.",
    "dispatched_per_s": "Sessions wait for an agent, two of its workers begin at once: how many of them they have a "
    "second, beside others at rest that wait for an agent who never comes. The median of some rounds.",
    "dispatched_per_s_alone": "The same on the same nodes, before there were sessions at rest.",
    "dispatch_rate_kept": "dispatched_per_s by dispatched_per_s_alone, of the same minutes.",
    "waiting_kb": "The store's memory for each session at rest.",
    "false_crashes_stall": "Workers have the sessions of dispatched_per_s; the store stops for five seconds (SIGSTOP). "
    "Of them, those whose worker lost its right.",
    "false_crashes_failover": "1 000 sessions that workers have and think in; the store is killed once its replica has "
    "all that was written, the replica is promoted, and the address leads to it. Those whose worker lost its right.",
    "idle_client_kb": "Resident memory of a fresh node, before and after clients attach to sessions that are open, "
    "eight to a session. What a first client makes a process load is not counted.",
    "idle_client_alone_kb": "As idle_client_kb, for a client whose session is opened for it alone: with all that the "
    "node keeps of that session.",
    "join_ratio_time": "The median of join_long_ms by the median of join_short_ms.",
    "join_ratio_bytes": "The median size of the first envelope, 100 000 events by 1 000.",
    "join_first_bytes": "The largest first envelope of all joins.",
}
