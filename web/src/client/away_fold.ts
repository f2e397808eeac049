/** What the log says of those who are away (a part of `fold`). Twin of `legato/session/away_fold.py`. */
import { attended } from "./audience";
import type { Handlers } from "./fold";
import type { State } from "./generated";
import { filled, of, put, without } from "./state";

const KEPT_NOTIFIED = 64;

/** Others may attend, in `after`. What ends from here on without them nobody sees, and whoever comes sees what there is. */
export function unseenFrom(before: State, after: State): Partial<State> {
  const now = attended(after);
  return attended(before) === now ? {} : { unseen: now ? 0 : after.finished + 1, notified: {} };
}

/** Who left is told nothing more. */
export function pushLeft(state: State, participant: string): Partial<State> {
  const theirs = Object.values(state.pushes).filter((one) => one.participant === participant);
  return { pushes: without(state.pushes, theirs.map((one) => one.id)) };
}

/** The name under which it is kept what became of telling this target of it. */
function outbox(about: string, target: string): string {
  return target === "" ? about : `${about}/${target}`;
}

export const AWAY_FOLD: Pick<Handlers, "push_subscribed" | "push_unsubscribed" | "notification_attempted"> = {
  push_subscribed: (state, { subscription: id, participant, offset: at, sealed }) => ({ pushes: put(state.pushes, id, { id, participant, at, sealed }) }),
  push_unsubscribed: (state, { subscription }) => ({ pushes: without(state.pushes, [subscription]) }),
  notification_attempted: (state, { about, notice, offset, time, sent, final, reached: now, target }) => {
    const key = outbox(about, target);
    const before = of(state.notified, key);
    const earlier = before?.reached ?? [];
    const reached = [...earlier, ...now.filter((one) => !earlier.includes(one))];
    const tried = filled("Notified", {
      about, notice, at: before?.at ?? offset, tries: (before?.tries ?? 0) + 1, time, over: sent || final, reached, target,
    });
    const all = Object.values({ ...state.notified, [key]: tried });
    const newest = all.sort((a, b) => a.at - b.at).slice(-KEPT_NOTIFIED);
    return { notified: Object.fromEntries(newest.map((one) => [outbox(one.about, one.target), one])) };
  },
};
