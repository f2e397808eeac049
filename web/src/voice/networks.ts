/**
 * When a call is to be made anew because there is a network that it does not hold ready. Pure.
 *
 * A browser looks for networks when a call is made, and not again; it tells its page of none. So the page looks at what
 * a peer that it makes beforehand finds. A call on its way over one network, while another came back, would be lost
 * with the one. Whether the hub is reached over the other shows only by trying: at once if it was not there before, and
 * else ever more seldom.
 */

/** From one try in vain to the next, the first time and at most, ms. */
const AGAIN_MS = 15_000;
const SELDOM_MS = 300_000;

export class Networks {
  private known: ReadonlySet<string> = new Set();
  private wait = AGAIN_MS;
  private next = 0;

  /** Whether to call anew: this page's addresses that are `there`, and those by which the call reaches the hub. */
  look(now: number, there: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
    const lacking = [...there].filter((address) => !held.has(address));
    const found = lacking.some((address) => !this.known.has(address));
    this.known = there;
    if (lacking.length === 0 || found) {
      this.wait = AGAIN_MS;
      this.next = 0;
    }
    if (lacking.length === 0 || now < this.next) return false;
    this.next = now + this.wait;
    this.wait = Math.min(2 * this.wait, SELDOM_MS);
    return true;
  }
}
