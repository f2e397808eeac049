/** In which order the queue is taken from. */
import type { Row } from "./hub";

/** Those that `me` may take, as the queue has them: what is kept for oneself first, and last what one let pass before. */
export function takeable(rows: readonly Row[], me: string): readonly Row[] {
  const rank = ({ waiting }: Row): number => {
    if (waiting === null) return -1;
    if (waiting.reserved_for !== "") return waiting.reserved_for === me ? 0 : -1;
    return waiting.passed.includes(me) ? 2 : 1;
  };
  return [0, 1, 2].flatMap((wanted) => rows.filter((row) => rank(row) === wanted));
}
