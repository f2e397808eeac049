/** Beside the session: who is there, what was whispered, notes and the wrap-up. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { liveness, type Command, type View } from "../client";
import { doing, doingSaid } from "../client/doing";
import { onHold } from "../client/modality";
import { randomId } from "../client/keep";
import { of } from "../client/state";
import { nameOf } from "../demo/names";
import { ofTab } from "../demo/memory";
import { Budgets } from "./budgets";
import { Earlier } from "./earlier";
import type { Hub } from "./hub";
import { keyed } from "./keys";
import { Promises } from "./promises";

interface Props {
  readonly hub: Hub;
  readonly view: View;
  readonly act: (commands: readonly Command[]) => Promise<boolean>;
  readonly briefing: string;
  readonly onBriefing: (text: string) => void;
}

const DISPOSITIONS = ["solved", "promised", "sold", "passed on", "no answer", "other"];

export function Aside({ hub, view, act, briefing, onBriefing }: Props): JSX.Element {
  const { state, participant: me } = view;
  const mine = state.responder === me;
  return (
    <aside class="side" aria-label="About the session">
      <People view={view} />
      {state.asking !== null && (
        <section>
          <h2>Asks for a person</h2>
          <p>{state.asking.reason || "No reason given."} {state.asking.skill !== "" && <span class="quiet">for {state.asking.skill}</span>}</p>
          {![me, ""].includes(state.asking.reserved_for) && <p class="quiet" data-kept={state.asking.reserved_for}>{of(state.participants, state.asking.reserved_for)?.name || state.asking.reserved_for} has it first.</p>}
          {state.asking.by === me && (
            <button type="button" class="small" data-withdraw onClick={() => void act([{ type: "withdraw_request", request: state.asking?.id ?? "" }])}>Ask no more</button>
          )}
          {state.asking.reserved_for === me && (
            <button type="button" class="small" data-reject onClick={() => void act([{ type: "reject_session", request: state.asking?.id ?? "" }])}>Let it pass</button>
          )}
        </section>
      )}
      {mine && <Transfer view={view} act={act} briefing={briefing.trim()} />}
      {mine && (
        <section>
          <h2><label for="briefing">What the agent should know</label></h2>
          <textarea id="briefing" rows={3} maxLength={4_000} value={briefing} onInput={(event) => onBriefing(event.currentTarget.value)} placeholder="Goes along when you hand back, with what you promised…" />
        </section>
      )}
      {mine && <Promises view={view} act={act} />}
      <Budgets view={view} act={act} />
      <Earlier hub={hub} view={view} key={`earlier ${view.session}`} />
      <Whispers view={view} />
      <Notes view={view} act={act} owed={of(state.wrap_ups, me) !== undefined} key={view.session} />
    </aside>
  );
}

function People({ view: { state, participant: me } }: { view: View }): JSX.Element {
  const here = Object.values(state.participants).filter((who) => !who.left);
  return (
    <section>
      <h2>Who is there</h2>
      <ul class="people">
        {here.map((who) => {
          const alive = liveness(state, who.id);
          const does = who.role === "agent" && alive === "online" ? doingSaid(doing(state, who.id)) : onHold(state, who.id) ? "on hold" : alive;
          return (
            <li key={who.id}>
              <span class={`dot ${alive === "online" ? "good" : alive === "away" ? "busy" : ""}`} aria-hidden="true" />
              <span>{nameOf(state, who.id, me)}</span>
              <span class="quiet">{who.role}, {does}{state.responder === who.id ? ", answers" : ""}{who.stance === "" || state.responder === who.id ? "" : `, ${who.stance}`}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/**
 * To somebody who is here, at once; or to whoever is free and can help with it, somebody by name first: one answers until
 * they have taken over.
 */
function Transfer({ view: { state, participant: me }, act, briefing }: Pick<Props, "view" | "act" | "briefing">): JSX.Element {
  const [skill, setSkill] = useState("");
  const [whom, setWhom] = useState("");
  const known = Object.values(state.participants).filter((who) => (who.role === "operator" || who.role === "supervisor") && who.id !== me);
  const others = known.filter((who) => liveness(state, who.id) === "online");
  const ask = (event: Event): void => {
    event.preventDefault();
    const wanted = whom.trim();
    const to = known.find(({ id, name }) => id === wanted || name === wanted)?.id ?? wanted;
    void act([{ type: "request_human", request: randomId("q"), skill: skill.trim(), reason: briefing, ...(to === "" ? {} : { to }) }]);
  };
  return (
    <section>
      <h2>Transfer</h2>
      {others.length === 0 ? <p class="quiet">Nobody else who can answer has this session open.</p> : (
        <p class="row wrap">
          {others.map((who, place) => (
            <button type="button" class="small" key={who.id} {...(place === 0 ? keyed("x") : {})} data-transfer={who.id} onClick={() => void act([{ type: "transfer", to: who.id, briefing }])}>To {nameOf(state, who.id, me)}{place === 0 && <> <kbd>x</kbd></>}</button>
          ))}
        </p>
      )}
      {state.asking === null && (
        <form class="row wrap budget" onSubmit={ask}>
          <input aria-label="Skill that is wanted" placeholder="Any skill…" maxLength={64} value={skill} onInput={(event) => setSkill(event.currentTarget.value)} />
          <input aria-label="Who is to have it first" placeholder="First of all…" maxLength={64} list="known" value={whom} onInput={(event) => setWhom(event.currentTarget.value)} data-ask-whom />
          <datalist id="known">{known.map(({ id, name }) => <option key={id} value={name || id} />)}</datalist>
          <button type="submit" class="small" data-ask-another>Ask for another person</button>
        </form>
      )}
    </section>
  );
}

function Whispers({ view: { state, participant: me } }: { view: View }): JSX.Element | null {
  if (state.whispers.length === 0) return null;
  return (
    <section>
      <h2>Whispered</h2>
      <ul class="whispers">
        {state.whispers.map((one) => (
          <li key={one.at}><span class="quiet">{nameOf(state, one.by, me)} to {nameOf(state, one.to, me)}:</span> {one.text}</li>
        ))}
      </ul>
    </section>
  );
}

function Notes({ view, act, owed }: Pick<Props, "view" | "act"> & { readonly owed: boolean }): JSX.Element {
  const name = `legato:notes:${view.session}`;
  const [notes, setNotes] = useState(ofTab?.getItem(name) ?? "");
  const [disposition, setDisposition] = useState(DISPOSITIONS[0] ?? "");
  const change = (text: string): void => {
    setNotes(text);
    ofTab?.setItem(name, text);
  };
  const done = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await act([{ type: "wrap_up", ...(owed ? { disposition } : {}), notes: notes.trim() }])) change("");
  };
  return (
    <form class="notes" data-owed={owed} onSubmit={(event) => void done(event)}>
      <h2><label for="notes">{owed ? "Wrap up" : "Notes"}</label></h2>
      <textarea id="notes" rows={4} maxLength={4_000} value={notes} onInput={(event) => change(event.currentTarget.value)} placeholder="Only people who help see these…" />
      {owed ? (
        <p class="row wrap">
          <label class="hidden" for="disposition">How it went</label>
          <select id="disposition" value={disposition} onChange={(event) => setDisposition(event.currentTarget.value)}>
            {DISPOSITIONS.map((one) => <option key={one}>{one}</option>)}
          </select>
          <button type="submit" class="small primary" {...keyed("d")}>Done <kbd>d</kbd></button>
        </p>
      ) : (
        <p class="row"><button type="submit" class="small" disabled={notes.trim() === ""} {...keyed("v")}>Save the note <kbd>v</kbd></button></p>
      )}
    </form>
  );
}
