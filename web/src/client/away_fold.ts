/** What the log says of those who are away (a part of `fold`). Twin of `legato/session/away_fold.py`. */
import type { Handlers } from "./fold";
import type { Attachment, State } from "./generated";
import { filled, of, put, without } from "./state";

const KEPT_NOTIFIED = 16;

/** Whether somebody who is there sees what there is: anybody but an agent. */
export function attends(state: State, participant: string): boolean {
  return of(state.participants, participant)?.role !== "agent";
}

/** Whoever comes sees what there is. */
export function somebodyCame(state: State, participant: string): Partial<State> {
  return attends(state, participant) ? { unseen: 0, notified: {} } : {};
}

/** Attachments are gone: `left` are there. What ends from here on nobody sees, if people were there before. */
export function somebodyWent(state: State, left: Readonly<Record<string, Attachment>>): Partial<State> {
  const people = (all: Readonly<Record<string, Attachment>>): boolean =>
    Object.values(all).some((one) => attends(state, one.participant));
  return people(state.attachments) && !people(left) ? { unseen: state.finished + 1 } : {};
}

/** Who left is told nothing more. */
export function pushLeft(state: State, participant: string): Partial<State> {
  const theirs = Object.values(state.pushes).filter((one) => one.participant === participant);
  return { pushes: without(state.pushes, theirs.map((one) => one.id)) };
}

export const AWAY_FOLD: Pick<Handlers, "push_subscribed" | "push_unsubscribed" | "notification_attempted"> = {
  push_subscribed: (state, { subscription: id, participant, offset: at, sealed }) => ({ pushes: put(state.pushes, id, { id, participant, at, sealed }) }),
  push_unsubscribed: (state, { subscription }) => ({ pushes: without(state.pushes, [subscription]) }),
  notification_attempted: (state, { about, notice, offset, time, sent, final, reached: now }) => {
    const before = of(state.notified, about);
    const earlier = before?.reached ?? [];
    const reached = [...earlier, ...now.filter((one) => !earlier.includes(one))];
    const tried = filled("Notified", {
      about, notice, at: before?.at ?? offset, tries: (before?.tries ?? 0) + 1, time, over: sent || final, reached,
    });
    const all = Object.values({ ...state.notified, [about]: tried });
    const newest = all.sort((a, b) => a.at - b.at).slice(-KEPT_NOTIFIED);
    return { notified: Object.fromEntries(newest.map((one) => [one.about, one])) };
  },
};
