/** `text/event-stream` taken apart (HTML, section "Server-sent events"): pure, fed with pieces of any length. */

export interface Told {
  readonly id: number | null;
  readonly data: string;
}

export class EventStream {
  private rest = "";

  /** The events that `piece` completes. Comments (beats) are nothing. */
  feed(piece: string): Told[] {
    const blocks = (this.rest + piece).split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(read).filter((told) => told !== null);
  }
}

function read(block: string): Told | null {
  let id: number | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("id:")) id = Number(line.slice(3));
    if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
  }
  return data.length === 0 ? null : { id, data: data.join("\n") };
}
