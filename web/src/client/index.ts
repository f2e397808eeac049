export * from "./aliases";
export { audience, type Attendee } from "./audience";
export type { Inside, ToolFunction } from "./client_tools";
export { evolve, fold } from "./fold";
export { holdEarly, openKeep, slotBefore, type Keep } from "./keep";
export { liveness, readEntry, transcript } from "./state";
export { join, Session } from "./session";
export { RequestError } from "./requests";
export { EndedError, RefusedError, type Comeback, type Delivery, type JoinOptions, type Outgoing, type View } from "./view";
