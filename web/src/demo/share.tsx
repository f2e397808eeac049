/** The same session on another device: a QR code, and the address beside it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

export function Share({ share }: { share: string }): JSX.Element {
  const [shown, setShown] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!shown) return undefined;
    const away = (event: Event): void => {
      const outside = event instanceof MouseEvent && event.target instanceof Node && frame.current?.contains(event.target) !== true;
      if (outside || (event instanceof KeyboardEvent && event.key === "Escape")) setShown(false);
    };
    addEventListener("pointerdown", away);
    addEventListener("keydown", away);
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("keydown", away);
    };
  }, [shown]);
  const address = `${share === "" ? location.origin + location.pathname : share}${location.hash}`;
  return (
    <div class="share-frame" ref={frame}>
      <button type="button" class="round plain" onClick={() => setShown(!shown)} aria-expanded={shown} aria-label="Go on with a phone" title="Go on with a phone">
        <Icon name="phone" />
      </button>
      {shown && (
        <div class="share" role="group" aria-label="Go on with a phone">
          {share !== "" ? (
            <>
              <img src={`/demo/qr.svg?session=${encodeURIComponent(location.hash.slice(1))}`} alt="QR code of this session's address" width="220" height="220" />
              <a href={address}>{address}</a>
            </>
          ) : (
            <p>
              Only this machine reaches the demo. Start it with <code>legato demo --lan</code>, and a phone can join by a QR code. A second window works here already.
            </p>
          )}
        </div>
      )}
    </div>
  );
}
