/** Images and files that will go with the next message: pasted, dropped or chosen. */
import { useCallback, useState } from "preact/hooks";
import type { Part, Session } from "../client";
import { MOST_BYTES } from "../client/requests";

export interface Attached {
  readonly id: number;
  readonly file: globalThis.File;
  /** An address of this page for an image; "" for other files. */
  readonly preview: string;
}

/** What the hub shows as an image; anything else is a file to be saved. */
const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const MOST_FILES = 8;
let count = 0;

export interface Attaching {
  readonly files: readonly Attached[];
  readonly problem: string;
  add(files: Iterable<globalThis.File>): void;
  remove(id: number): void;
  /** Store them with the hub, and give the parts of the message that names them. */
  upload(session: Session): Promise<Part[]>;
}

export function useAttaching(): Attaching {
  const [files, setFiles] = useState<readonly Attached[]>([]);
  const [problem, setProblem] = useState("");
  const add = useCallback((found: Iterable<globalThis.File>) => {
    const all = [...found];
    const fits = all.filter((file) => file.size <= MOST_BYTES && file.size > 0);
    setProblem(fits.length < all.length ? "Images and files may have up to 20 MB." : "");
    const fresh = fits.map((file) => ({ id: ++count, file, preview: SHOWN.has(file.type) ? URL.createObjectURL(file) : "" }));
    setFiles((known) => [...known, ...fresh].slice(0, MOST_FILES));
  }, []);
  const remove = useCallback((id: number) => {
    setFiles((known) => known.filter((one) => one.id !== id || void URL.revokeObjectURL(one.preview)));
  }, []);
  const upload = async (session: Session): Promise<Part[]> => {
    try {
      const parts: Part[] = [];
      // One after another: a participant has few under way at once, and together they are no quicker.
      for (const one of files) parts.push(await partOf(session, one.file));
      for (const one of files) URL.revokeObjectURL(one.preview);
      setFiles([]);
      setProblem("");
      return parts;
    } catch (failure) {
      setProblem(`It could not be sent: ${failure instanceof Error ? failure.message : "the hub cannot be reached"}`);
      throw failure;
    }
  };
  return { files, problem, add, remove, upload };
}

async function partOf(session: Session, file: globalThis.File): Promise<Part> {
  const sha256 = await session.requests.putBlob(file);
  const kind = SHOWN.has(file.type) ? "image" : "file";
  return { kind, sha256, type: file.type || "application/octet-stream", size: file.size, name: file.name.slice(0, 120) };
}
