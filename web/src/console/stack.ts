/**
 * Rows of different heights, one below the other: where each begins, and which of thousands lie in a stretch of the page. Of a row
 * that was never drawn the height is a guess: what the others take on average. Pure.
 */

/** Px, before any row was measured. */
const USUAL = 66;

/** How high rows are, by name. */
export class Heights {
  private known = new Map<string, number>();
  private sum = 0;

  /** A row was measured; whether it is another height than was thought. Of one that is not laid out nothing is learned. */
  set(name: string, px: number): boolean {
    const before = this.known.get(name);
    if (px <= 0 || before === px) return false;
    this.sum += px - (before ?? 0);
    this.known.set(name, px);
    return true;
  }

  of(name: string): number {
    return this.known.get(name) ?? this.usual;
  }

  get usual(): number {
    return this.known.size === 0 ? USUAL : this.sum / this.known.size;
  }

  /** Only of these it matters any more. */
  keep(names: readonly string[]): void {
    if (this.known.size <= 2 * names.length + 100) return;
    this.known = new Map(names.flatMap((name) => (this.known.has(name) ? [[name, this.of(name)] as const] : [])));
    this.sum = [...this.known.values()].reduce((sum, px) => sum + px, 0);
  }

  /** All of them may be other heights now. */
  forget(): void {
    this.known = new Map();
    this.sum = 0;
  }
}

/** Where each of the rows begins, px from the first, and behind them where the last one ends. */
export function topsOf(names: readonly string[], heights: Heights): Float64Array {
  const tops = new Float64Array(names.length + 1);
  names.forEach((name, place) => (tops[place + 1] = (tops[place] ?? 0) + heights.of(name)));
  return tops;
}

/** The first row that ends below `px`; as many as there are if none does. */
function firstBelow(tops: Float64Array, px: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tops[middle + 1] ?? 0) > px) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The rows of which something lies between `from` and `to`: from the first, up to the second, which is not among them. */
export function between(tops: Float64Array, from: number, to: number): readonly [number, number] {
  const first = firstBelow(tops, from);
  let end = first;
  while (end < tops.length - 1 && (tops[end] ?? 0) < to) end += 1;
  return [first, end];
}
