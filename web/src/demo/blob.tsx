/** An image or a file of a message, fetched with a credential in a header, never in an address. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Part, Session } from "../client";

function useBlob(session: Session, part: Part, wanted: boolean): { url: string; failed: boolean } {
  const [found, setFound] = useState({ url: "", failed: false });
  const { sha256 = "", type = "" } = part;
  useEffect(() => {
    if (!wanted) return undefined;
    let url = "";
    let over = false;
    session.requests.getBlob(sha256, type).then(
      (blob) => {
        if (over) return;
        url = URL.createObjectURL(blob);
        setFound({ url, failed: false });
      },
      () => over || setFound({ url: "", failed: true }),
    );
    return () => {
      over = true;
      if (url !== "") URL.revokeObjectURL(url);
    };
  }, [session, sha256, type, wanted]);
  return found;
}

export function Picture({ session, part }: { session: Session; part: Part }): JSX.Element {
  const { url, failed } = useBlob(session, part, true);
  const name = part.name === undefined || part.name === "" ? "image" : part.name;
  return (
    <figure class="picture" data-blob={part.sha256} data-shown={url !== ""}>
      {url !== "" && <img src={url} alt={name} decoding="async" />}
      {failed && <figcaption class="quiet">{name} could not be fetched</figcaption>}
    </figure>
  );
}

export function File({ session, part }: { session: Session; part: Part }): JSX.Element {
  const [wanted, setWanted] = useState(false);
  const { url, failed } = useBlob(session, part, wanted);
  const name = part.name === undefined || part.name === "" ? "file" : part.name;
  if (url !== "")
    return (
      <a class="file" href={url} download={name}>
        Save {name}
      </a>
    );
  return (
    <button type="button" class="small" onClick={() => setWanted(true)}>
      {failed ? `${name} could not be fetched: try again` : `Fetch ${name} (${Math.ceil((part.size ?? 0) / 1000)} kB)`}
    </button>
  );
}
