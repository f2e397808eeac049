/** The same session on another device: a link that is good once, as a QR code and as an address. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session } from "../client";
import { qrOf } from "./hub";
import { Icon } from "./icons";

interface Link {
  readonly address: string;
  /** An address of this page for the picture; "" if it could not be drawn. */
  readonly picture: string;
}

const AGAIN_MS = 9 * 60_000;

/** A fresh link while it is shown: it is good for ten minutes. */
function useLink(session: Session, share: string, shown: boolean): Link | null {
  const [link, setLink] = useState<Link | null>(null);
  useEffect(() => {
    if (!shown) return undefined;
    let over = false;
    let picture = "";
    const make = async (): Promise<void> => {
      const address = await session.link(share === "" ? undefined : share);
      const drawn = await qrOf(address).catch(() => null);
      if (over) return;
      URL.revokeObjectURL(picture);
      picture = drawn === null ? "" : URL.createObjectURL(drawn);
      setLink({ address, picture });
    };
    void make().catch(() => undefined);
    const again = setInterval(() => void make().catch(() => undefined), AGAIN_MS);
    return () => {
      over = true;
      clearInterval(again);
      URL.revokeObjectURL(picture);
      setLink(null);
    };
  }, [session, share, shown]);
  return link;
}

export function Share({ session, share }: { session: Session; share: string }): JSX.Element {
  const [shown, setShown] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const link = useLink(session, share, shown);
  useEffect(() => {
    if (!shown) return undefined;
    const away = (event: Event): void => {
      const outside = event instanceof MouseEvent && event.target instanceof Node && frame.current?.contains(event.target) !== true;
      const escaped = event instanceof KeyboardEvent && event.key === "Escape";
      if (escaped) event.stopImmediatePropagation(); // it closes this, and stops no answer
      if (outside || escaped) setShown(false);
    };
    addEventListener("pointerdown", away);
    addEventListener("keydown", away, true);
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("keydown", away, true);
    };
  }, [shown]);
  return (
    <div class="share-frame" ref={frame}>
      <button type="button" class="round plain" onClick={() => setShown(!shown)} aria-expanded={shown} aria-label="Go on with a phone" title="Go on with a phone">
        <Icon name="phone" />
      </button>
      {shown && (
        <div class="share" role="group" aria-label="Go on with a phone">
          {link !== null && link.picture !== "" && share !== "" && <img src={link.picture} alt="QR code of a link to this session" width="280" height="280" />}
          {link === null ? <p role="status">Making a link…</p> : <a href={link.address} data-link>Go on as yourself on another device</a>}
          <p class="quiet">This link is good once, for ten minutes.</p>
          {share === "" && (
            <p>
              Only this machine reaches the demo: open the link in another browser here. Start it with <code>legato demo --lan</code>, and a phone can join by a QR code.
            </p>
          )}
        </div>
      )}
    </div>
  );
}
