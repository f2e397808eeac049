import { expect, test } from "vitest";
import { base64url, proofText, sign } from "../src/client/keep";
import { one } from "./vectors";

interface Vectors {
  keys: { jwk: JsonWebKey; private_d: string; thumbprint: string }[];
  proofs: { key: number; nonce: string; message: string; proof: string }[];
}
const vectors = one<Vectors>("proof.json");
const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

function jwk(number: number): JsonWebKey {
  return vectors.keys[number]?.jwk ?? {};
}

test.each(vectors.proofs)("what is signed for $nonce is the message of the vectors", ({ nonce, message }) => {
  expect(Buffer.from(proofText(nonce)).toString("hex")).toBe(message);
});

test.each(vectors.proofs)("the proof of the vectors for $nonce holds", async ({ key, nonce, proof }) => {
  const verifier = await crypto.subtle.importKey("jwk", jwk(key), ECDSA, false, ["verify"]);
  const message = new TextEncoder().encode(proofText(nonce));
  expect(await crypto.subtle.verify(ECDSA, verifier, bytes(proof), message)).toBe(true);
});

test("a proof of this client holds with its own key, and with no other", async () => {
  const [mine, other] = vectors.keys;
  if (mine === undefined || other === undefined) throw new Error("two keys");
  const key = await crypto.subtle.importKey("jwk", { ...mine.jwk, d: mine.private_d }, ECDSA, false, ["sign"]);
  const proof = bytes(await sign(key, proofText("j_1")));
  expect(proof.length).toBe(64);
  for (const [holder, holds] of [[mine, true], [other, false]] as const) {
    const verifier = await crypto.subtle.importKey("jwk", holder.jwk, ECDSA, false, ["verify"]);
    expect(await crypto.subtle.verify(ECDSA, verifier, proof, new TextEncoder().encode(proofText("j_1")))).toBe(holds);
  }
});

test("a key's thumbprint (RFC 7638) is that of the vectors", async () => {
  for (const { jwk: { kty, crv, x, y }, thumbprint } of vectors.keys) {
    const canonical = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
    expect(base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", canonical)))).toBe(thumbprint);
  }
});
