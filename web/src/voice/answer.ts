/**
 * The hub's answer to an offer of this page, written by the page itself: a call ticket says all that is in it.
 * The same as `signaling/voice/answer.py` writes; the vectors in `tests/vectors/calls` hold both to it.
 */
import type { AskCallTicket, CallTicket } from "../client/requests";

const LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const MID = "urn:ietf:params:rtp-hdrext:sdes:mid";

/** What an offer with one audio section says of itself. */
export interface OfferFacts {
  readonly ufrag: string;
  readonly mid: string;
  readonly payloadType: number;
  /** Numbers of the header extensions; 0: not offered. */
  readonly level: number;
  readonly midExtension: number;
}

export function factsOf(offer: string): OfferFacts {
  const one = (pattern: RegExp): string => pattern.exec(offer)?.[1] ?? "";
  const extension = (name: string): number => Number(one(new RegExp(`^a=extmap:(\\d+)(?:/[a-z]+)? ${name}\\s*$`, "m")) || 0);
  return {
    ufrag: one(/^a=ice-ufrag:(\S+)/m),
    mid: one(/^a=mid:(\S+)/m),
    payloadType: Number(one(/^a=rtpmap:(\d+) opus\/48000\/2/im) || 0),
    level: extension(LEVEL),
    midExtension: extension(MID),
  };
}

/** Whether one answer fits both; the user fragment is not in it. */
export function alike(one: OfferFacts, other: OfferFacts): boolean {
  return one.mid === other.mid && one.payloadType === other.payloadType && one.level === other.level && one.midExtension === other.midExtension;
}

/** What to ask a ticket with, for offers like this one. */
export function ask(offer: OfferFacts, fingerprint: string): AskCallTicket {
  return { fingerprint, payload_type: offer.payloadType, level_extension: offer.level };
}

/** The answer, as SDP, without the hub's candidates: they are added when the call is to begin. */
export function answerFor(offer: OfferFacts, ticket: CallTicket): string {
  const { mid, payloadType } = offer;
  const lines = [
    "v=0",
    "o=- 0 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    `a=group:BUNDLE ${mid}`,
    "a=msid-semantic: WMS *",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    `a=ice-ufrag:${ticket.ufrag}`,
    `a=ice-pwd:${ticket.password}`,
    `a=fingerprint:sha-256 ${ticket.fingerprint}`,
    "a=setup:active",
    "a=sendrecv",
    "a=rtcp-mux",
    `a=rtpmap:${payloadType} opus/48000/2`,
    `a=fmtp:${payloadType} minptime=10;useinbandfec=1;usedtx=0`,
    "a=ptime:20",
    ...(offer.midExtension > 0 ? [`a=extmap:${offer.midExtension} ${MID}`] : []),
    ...(offer.level > 0 ? [`a=extmap:${offer.level} ${LEVEL}`] : []),
    "a=msid:legato audio",
    `a=ssrc:${ticket.ssrc} cname:legato`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** The hub's candidates (RFC 8839): of a host, UDP before TCP, and otherwise as the ticket has them. */
export function candidatesOf(ticket: CallTicket): string[] {
  return ticket.candidates.map(({ host, port, transport }, i) => {
    const priority = (transport === "udp" ? 126 : 90) * 2 ** 24 + (65_535 - i) * 2 ** 8 + 255;
    return `candidate:${i + 1} 1 ${transport} ${priority} ${host} ${port} typ host${transport === "udp" ? "" : " tcptype passive"}`;
  });
}

/** The addresses of the page that the browser has found for this description of its own. */
export function addressesIn(sdp: string): ReadonlySet<string> {
  return new Set([...sdp.matchAll(/^a=candidate:\S+ \d+ udp \d+ (\S+) \d+ typ host/gm)].map(([, address]) => address ?? ""));
}
