/** The browser's client of a Legato hub. */
export { join, Session, RefusedError, type Comeback, type JoinOptions, type Outgoing, type View } from "./session";
export { evolve, fold, emptyState, readEntry, readState } from "./fold";
export type * from "./aliases";
