/**
 * When a call is to be made anew for a network that it does not hold ready. Pure.
 *
 * A browser looks for networks when a call is made, and gives it no new one. So the page looks at what a peer that it
 * makes beforehand finds, or is told later. A call on its way over one network, while another came, would be lost with the
 * one. Whether the hub is reached over the other shows only by trying: for what was not there before, and, once the call
 * has left a network, for all that it lacks; four times, ever later. The first may be made for a network that is gone,
 * for a browser takes two seconds to see that, and finds it then again at once: so the second follows soon.
 */

/** From the first try to the second at least, ms; to each further one twice as long. Looks each 5 s are not quite on time. */
const AGAIN_MS = 4_500;
const MOST_TRIES = 4;

export class Networks {
  /** What the call is to be made anew for. */
  wanted: ReadonlySet<string> = new Set();
  private known: Set<string>;
  private left = false;
  private tries = 0;
  private next = 0;

  /** `known`: this page's addresses that the call was made with. */
  constructor(known: ReadonlySet<string>) {
    this.known = new Set(known);
  }

  /** The call left a network that was dead. */
  leave(): void {
    this.left = true;
  }

  /** An address came between two looks; it may have been there before. */
  came(address: string): void {
    this.known.delete(address);
  }

  /** Whether to call anew: this page's addresses that are `there`, and those by which the call reaches the hub. */
  look(now: number, there: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
    const found = [...there].filter((address) => this.left || !this.known.has(address));
    const lacking = [...this.wanted, ...found].filter((address) => there.has(address) && !held.has(address));
    if (found.some((address) => !held.has(address))) this.tries = this.next = 0;
    this.known = new Set(there);
    this.left = false;
    this.wanted = new Set(this.tries < MOST_TRIES ? lacking : []);
    if (this.wanted.size === 0 || now < this.next) return false;
    this.next = now + AGAIN_MS * 2 ** this.tries;
    this.tries += 1;
    return true;
  }
}

/** Whether these are the same addresses. */
export function same(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((address) => other.has(address));
}
