/** What the log says of those who are away (a part of `fold`). Twin of `legato/session/away_fold.py`. */
import { attending, somebodyHere, takesPart } from "./audience";
import type { Handlers } from "./fold";
import type { Notified, State } from "./generated";
import { filled, of, put, without } from "./state";

const KEPT_NOTIFIED = 64;

/** Others may be here, in `after`, since the event at `offset`. What ends from here on without them they do not see, and whoever comes sees what there is. */
export function unseenFrom(before: State, after: State, offset: number): Partial<State> {
  const there = attending(after);
  const moved = somebodyHere(before) !== there.size > 0;
  const away = Object.values(after.participants).filter((who) => takesPart(who) && !there.has(who.id));
  const unseen_by = Object.fromEntries(away.map(({ id }) => [id, of(before.unseen_by, id) ?? after.finished + 1]));
  const gone_at = Object.fromEntries(away.map(({ id }) => [id, of(before.gone_at, id) ?? offset]));
  const changed = [...Object.keys(unseen_by), ...Object.keys(before.unseen_by)]
    .filter((id) => (of(unseen_by, id) === undefined) !== (of(before.unseen_by, id) === undefined));
  if (!moved && changed.length === 0) return {};
  const told = Object.entries(after.notified).flatMap(([name, one]) => withoutThem(one, changed, moved).map((kept) => [name, kept] as const));
  return { ...(moved ? { unseen: there.size > 0 ? 0 : after.finished + 1 } : {}), unseen_by, gone_at, notified: Object.fromEntries(told) };
}

/** What is kept of telling them when these come or go; nothing if it was for nobody else. */
function withoutThem(told: Notified, changed: readonly string[], all: boolean): Notified[] {
  if (told.people.length === 0) return all ? [] : [told];
  const people = told.people.filter((one) => !changed.includes(one));
  return people.length > 0 ? [{ ...told, people }] : [];
}

/** Who has taken it, for these people: with somebody whom it was not for, all begins anew but in the browsers of others. */
function taken(state: State, told: Notified, people: readonly string[]): readonly string[] {
  const anew = people.filter((one) => !told.people.includes(one));
  if (anew.length === 0) return told.reached;
  return told.reached.filter((one) => {
    const push = of(state.pushes, one);
    return push !== undefined && !anew.includes(push.participant);
  });
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
  notification_attempted: (state, { about, notice, offset, time, sent, final, reached: now, target, people: whom, id }) => {
    const key = outbox(about, target);
    const before = of(state.notified, key);
    const people = whom.length > 0 ? whom : Object.keys(state.unseen_by).sort();
    const fresh = people.filter((one) => before?.people.includes(one) !== true);
    const earlier = before === undefined ? [] : taken(state, before, people);
    const reached = [...earlier, ...now.filter((one) => !earlier.includes(one))];
    const tries = before === undefined || fresh.length > 0 ? 1 : before.tries + 1;
    const tried = filled("Notified", {
      about, notice, at: before?.at ?? offset, tries, time, over: sent || final, reached, target, people: [...(before?.people ?? []), ...fresh], id,
    });
    const all = Object.values({ ...state.notified, [key]: tried });
    const newest = all.sort((a, b) => a.at - b.at).slice(-KEPT_NOTIFIED);
    return { notified: Object.fromEntries(newest.map((one) => [outbox(one.about, one.target), one])) };
  },
};
