/** What one asks for in a session, each a command with a name of its own. All reject with `RefusedError` or `EndedError`. Twin of `legato/client/verbs.py`. */
import type { Command, Part, State } from "./aliases";
import { randomId } from "./keep";
import { switching, type Modality } from "./modality";
import { stoppable } from "./state";

export abstract class Verbs {
  /** Send commands as one batch; resolves with the level at which the log has it. */
  abstract do(commands: readonly Command[]): Promise<string>;
  /** The state as it is now, and who this is in it. */
  protected abstract here(): { readonly state: State; readonly participant: string };

  /**
   * Say something; resolves with the level at which the log has it. It is kept, over reloads, until then. `draft`: the id of the
   * agent's draft (`view.state.drafts`) that it is made of, by the person who answers.
   */
  say(text: string, more: readonly Part[] = [], draft = ""): Promise<string> {
    const words: Part[] = text === "" ? [] : [{ text }];
    return this.do([{ type: "post_message", message: randomId("m"), parts: [...words, ...more], ...(draft === "" ? {} : { draft }) }]);
  }

  /** Stop the answers in progress, the one that is still being spoken included. */
  async stop(): Promise<void> {
    await Promise.all(stoppable(this.here().state).map((response) => this.do([{ type: "cancel_response", response }])));
  }

  /** Ask the agent to go another way in this answer. What it did comes as `steering_answered`. */
  steer(response: string, text: string): Promise<string> {
    return this.do([{ type: "steer_response", response, text }]);
  }

  /** No more of this answer, until `resume`. Rejects (`already_exists`) if it is paused already. */
  pause(response: string): Promise<string> {
    return this.do([{ type: "pause_response", response }]);
  }

  /** Go on with it, from the same word. Rejects (`wrong_order`) if it is not paused. */
  resume(response: string): Promise<string> {
    return this.do([{ type: "continue_response", response }]);
  }

  /** Ask for another answer than this one, which has ended. */
  regenerate(response: string): Promise<string> {
    return this.do([{ type: "regenerate_response", response }]);
  }

  /** End the session, for everybody: nothing comes after it. */
  async end(reason = ""): Promise<void> {
    await this.do([{ type: "end_session", ...because(reason) }]);
  }

  /** Go on in voice, in text, or listening only, from the very word. Rejects (`stale_token`) if another device was quicker. */
  switchTo(modality: Modality): Promise<string> {
    const { state, participant } = this.here();
    return this.do([switching(state, participant, modality)]);
  }

  /** Let the sound of this tab wait, both ways, or go on from the same word. Rejects (`wrong_order`) without sound. */
  hold(holds: boolean): Promise<string> {
    return this.do([{ type: "change_hold", holds }]);
  }

  /**
   * Put the session into the queue of operators; who answers goes on until one takes over. `skill`: what they must be able to help
   * with. Rejects (`already_exists`) if somebody asked already (`view.state.asking`), or a person answers.
   */
  askForHuman(reason = "", skill = ""): Promise<string> {
    return this.do([{ type: "request_human", request: randomId("q"), ...because(reason), ...(skill === "" ? {} : { skill }) }]);
  }

  /** No person is wanted any more. Rejects: `not_found` if none was, `not_allowed` if it was somebody else who asked. */
  withdrawRequest(reason = ""): Promise<string> {
    return this.do([{ type: "withdraw_request", request: this.here().state.asking?.id ?? "none", ...because(reason) }]);
  }

  /** Answer instead of the agent. Rejects (`already_exists`, with who it is) if another person does; needs the capability `takeover`. */
  takeOver(reason = ""): Promise<string> {
    return this.do([{ type: "take_over", ...because(reason) }]);
  }

  /** Let the agent answer again. `briefing`: what it should know of what was said and promised. */
  handBack(briefing = ""): Promise<string> {
    return this.do([{ type: "hand_back", ...(briefing === "" ? {} : { briefing }) }]);
  }
}

function because(reason: string): { reason?: string } {
  return reason === "" ? {} : { reason };
}
