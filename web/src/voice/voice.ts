/**
 * The page's voice: warm sound, a microphone, and one call at a time, made again whenever the session comes back
 * without it. It never stands in the way of the session: what fails is told, and typing works.
 *
 *     off ─ start ─▶ calling ─ connected ─▶ live
 *                      ▲                     │ failed, another node
 *                      └──── (waits) ◀───────┘
 *     calling ─ twelve times in vain ─▶ failed        any ─ stop ─▶ off
 *
 * Where a call does not get through but the session does, its connection carries the voice meanwhile: that is `live` too.
 */
import type { Session } from "../client";
import { of } from "../client/state";
import { Call, type CallEvents } from "./call";
import { Capture } from "./capture";
import { Dialler } from "./dialler";
import { dropEarly, type Early } from "./early";
import { Fallback } from "./fallback";
import { Giving } from "./giving";
import { Hold } from "./hold";
import { Hush } from "./hush";
import { Left } from "./left";
import { wayBack } from "./liveness";
import { Microphone } from "./microphone";
import { Output } from "./output";
import { stopWhenOver } from "./over";
import { climbAfter, MICROPHONE_MS, MOST_TRIES, SPARE_MS, waitAfter, within } from "./patience";
import { onceHeard, type Peer } from "./peer";
import { Playout, type Sounding } from "./playout";
import { Roaming } from "./roaming";
import { Swallowed } from "./swallowed";
import { Ticks } from "./ticks";
import { viewOf, Views, type VoiceState, type VoiceView } from "./view";
import { Watch } from "./watch";
import { Wish } from "./wish";

export class Voice {
  readonly output: Output;
  readonly microphone: Microphone;
  readonly capture: Capture;
  readonly playout: Playout;
  readonly hold: Hold;
  private readonly ticks: Ticks;
  private readonly watch: Watch;
  private readonly roaming: Roaming;
  private readonly wish: Wish;
  private left: Left | null = null;
  private state: VoiceState = "off";
  private readonly on = (): boolean => this.state !== "off";
  private call: Call | null = null;
  private node = "";
  private tries = 0;
  private turn = 0;
  private making = false;
  /** No call stands, nor is one on its way. */
  private readonly idle = (): boolean => this.call === null && !this.making;
  private standing: () => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly hush: Hush;
  private readonly giving: Giving;
  private readonly dialler: Dialler;
  private readonly fallback: Fallback;
  private readonly swallowed: Swallowed;
  private readonly views: Views;

  constructor(
    private readonly session: Session,
    memory: Storage | null,
    early: Early | null = null,
  ) {
    const mine = early?.slot === session.slot ? early : null;
    if (early !== null && mine === null) dropEarly(early);
    this.output = mine?.output ?? new Output();
    this.output.changed = () => {
      this.playout.ready(this.output.ready);
      this.tellReady();
    };
    const given = (): void => {
      this.capture.source(this.microphone.given, this.microphone.withheld);
      void this.call?.send(this.microphone.given);
      this.show();
    };
    this.microphone = new Microphone(this.output.context, given, mine?.microphone, memory);
    this.fallback = new Fallback(session.sounds, this.output.inlet);
    this.wish = new Wish(session, memory);
    this.capture = new Capture(session.sounds, () => this.fallback.on, mine?.worker, memory, () => this.wish.again);
    this.dialler = new Dialler(
      session,
      (sender) => this.capture.attach(sender),
      (track) => this.soundWaits(track),
      mine,
    );
    this.roaming = new Roaming(session, this.dialler, {
      call: () => (this.microphone.given === null || this.left !== null ? null : this.call),
      dial: () => this.dial(),
    });
    this.playout = new Playout(session, () => (this.output.ready ? this.sounding : null), memory);
    this.swallowed = new Swallowed(this.output, this.playout);
    this.hold = new Hold(session, this.output, this.microphone, this.playout);
    this.hush = new Hush(session, this.output, this.microphone, this.playout);
    this.giving = new Giving(session, this.output, this.playout, this.on);
    this.ticks = new Ticks(() => this.tick());
    this.watch = new Watch({
      // No frame for a moment: have a second path ready, and see whether the session is there.
      suspected: () => {
        void this.dialler.near();
        this.session.nudge();
      },
      lost: () => this.lost(),
      well: () => {
        this.dialler.leave();
        this.swallowed.returned();
      },
      packets: () => this.call?.packets() ?? Promise.resolve(0),
    });
    this.views = new Views(this.look());
    session.onChange(({ phase }) => phase === "live" && this.sessionLive());
    stopWhenOver(session, this);
    // What the hub said of its sound meanwhile was missed: it says it again.
    session.sounds.listen({ back: () => this.back() });
  }

  get current(): VoiceView {
    return this.views.current;
  }

  /** Called now and with every change; returns how to stop. */
  onChange(listener: (view: VoiceView) => void): () => void {
    return this.views.onChange(listener);
  }

  /**
   * Talk; best from a gesture. Everything that comes of it is in the view. `silent`: listen, without a microphone. `again`:
   * nobody asks for it, and the voice is taken from no other device.
   */
  async start(silent = false, again = false): Promise<void> {
    this.wish.begin(again);
    this.tries = 0;
    this.state = "calling" as VoiceState; // it may be another by the time that it is looked at below
    this.capture.begin();
    // In this order: the call is on its way before anything is drawn, and stands before a microphone is opened.
    this.dial();
    void this.output.warm();
    this.show();
    // Without a gesture the microphone comes first: that it is open is what lets a page sound.
    if (navigator.userActivation?.isActive === true) await within(MICROPHONE_MS, (done) => (this.standing = done));
    if (!this.on()) return;
    if (!silent) await this.microphone.open();
    // An open microphone is a licence to sound: after a reload there was no gesture.
    void this.hush.listen();
    await this.output.warm();
    this.show();
  }

  /** Somebody may talk soon: a pointer or the focus is on the button, the page was just opened. */
  near(): void {
    if (!this.on() && document.visibilityState === "visible") void this.dialler.near();
  }

  /** Call anew, though a call may stand: the next takes its place. */
  redial(): void {
    if (this.on()) this.dial();
  }

  /** Whether a call stands that has only to be called by. */
  get waits(): boolean {
    return this.dialler.waits;
  }

  /** Go on with voice if it was on before a reload. */
  async goOn(): Promise<void> {
    if (this.state === "off" && this.wish.before) await this.start(false, true);
  }

  /** The tap that the browser wanted. */
  async tap(): Promise<void> {
    await this.output.warm();
    this.show();
  }

  /** Stop talking and listening; the session goes on in text. */
  async stop(): Promise<void> {
    this.wish.end();
    if (this.timer !== null) clearTimeout(this.timer);
    this.call?.hangUp();
    this.call = null;
    this.output.rest();
    this.dialler.rest();
    this.ticks.stop();
    this.roaming.end();
    this.microphone.close();
    this.climbed();
    this.giving.over();
    this.capture.end();
    this.become("off");
    await this.session.do([{ type: "change_modality", takes: ["text"], gives: ["text"] }]).catch(() => undefined);
  }

  /** The sound of a call that waits goes where it will be heard; the hub says nothing on it yet. */
  private soundWaits(track: MediaStreamTrack | null): void {
    if (this.on()) return;
    return track === null ? this.output.rest() : this.output.play(track);
  }

  private sessionLive(): void {
    const { node } = this.session;
    if (node === "" || node === this.node) return;
    this.node = node;
    this.dialler.leave();
    void this.dialler.opened().then(() => this.atNode(node));
  }

  private back(): void {
    this.tellReady();
    this.call?.introduce();
    if (this.fallback.on && this.capture.portable) return this.playout.ready(true); // what its stream plays is told anew
    if (this.fallback.on) {
      this.climbed(); // this connection has none
      this.become("calling");
      return this.dial();
    }
    // Its call was lost while the session was away, when nobody could be told, or called. Another node is `atNode`'s.
    const waits = this.on() && this.state !== "failed" && this.idle() && this.session.node === this.node;
    if (waits || this.watch.lost || this.swallowed.pending) this.dial();
  }

  private atNode(node: string): void {
    if (node !== this.node) return;
    if (this.fallback.on) return void this.dialler.renew(); // the capture goes on with the new connection
    const going = this.state === "calling" || this.state === "live";
    const elsewhere = this.dialler.node !== node;
    // A call by a ticket of this very node is on its way, or stands; any other is on a node that is left.
    if (going && (elsewhere || this.idle())) {
      if (elsewhere) this.dialler.distrust();
      this.dial();
    }
    // What is on its way is not to share the processor with what comes next.
    setTimeout(() => void this.dialler.renew().then(() => this.near()), this.state === "calling" ? SPARE_MS : 0);
  }

  private dial(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const turn = ++this.turn;
    this.playout.tick(); // what is in the browser's hands is not heard any more
    const older = this.call;
    this.call = null;
    this.making = false;
    const ready = this.dialler.ready();
    if (ready !== null) this.callBy(ready);
    // Closing takes longer than calling: what is over can wait.
    older?.drop();
    if (ready !== null) return;
    this.making = true;
    void this.dialler.make().then((peer) => {
      if (turn === this.turn) this.making = false;
      // Without a ticket it is called when the session is back.
      const possible = peer.armed || this.session.node !== "";
      if (this.state === "off" || turn !== this.turn || !possible) return peer.close();
      this.callBy(peer);
    });
  }

  private callBy(peer: Peer, quiet = false): void {
    const on: CallEvents = {
      heard: () => this.playout.heard,
      again: () => this.wish.again,
      track: (track) => {
        this.output.play(track);
        onceHeard(track, () => this.standing());
      },
      // Told before the connection is up, so that the first frame over it may be speech.
      answered: () => this.tellReady(),
      connected: () => {
        this.ticks.start();
        this.roaming.begin();
        this.dialler.leave(); // a second path that is not needed is no second path by the time one is
        this.climbed();
        this.become("live");
        this.tellReady();
        setTimeout(() => void this.dialler.prepare(this.on()), SPARE_MS);
      },
      failed: () => (call === this.call ? this.again(call.byTicket) : undefined),
    };
    const call: Call = (this.call = new Call(this.session, peer, this.microphone.given, () => this.output.ready, on, quiet));
  }

  private again(byTicket: boolean): void {
    this.call = null;
    this.output.rest();
    if (byTicket) this.dialler.distrust();
    this.tries += 1;
    if (this.fallBack()) return;
    if (this.tries > MOST_TRIES) return this.become("failed");
    this.become("calling");
    this.timer = setTimeout(() => this.dial(), waitAfter(this.tries));
  }

  /** Where no call gets through, the session's connection carries the voice; false: it cannot. */
  private fallBack(): boolean {
    if (!this.fallback.on && !this.capture.portable) return false;
    if (!this.fallback.on) {
      this.swallowed.over();
      this.fallback.start();
      this.ticks.start();
      this.capture.renew();
    }
    this.become("live");
    this.tellReady();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.climb(), climbAfter(this.tries));
    return true;
  }

  /** See whether a call gets through by now; the voice goes on as it goes until one stands. */
  private async climb(): Promise<void> {
    await this.dialler.renew();
    // A call that waits takes over when this page says so, and from the very frame that it says.
    await this.dialler.near();
    if (!this.fallback.on) return;
    const peer = this.dialler.byTicket();
    return peer === null ? this.again(true) : this.callBy(peer, true);
  }

  /** A call stands, or nobody talks: the connection carries no voice any more. */
  private climbed(): void {
    this.tries = 0;
    this.swallowed.over();
    this.left?.call.drop();
    this.left = null;
    if (!this.fallback.on) return;
    this.fallback.stop();
    this.capture.renew();
  }

  private tick(): void {
    this.playout.tick();
    this.hush.tick();
    this.race();
    this.roaming.tick();
    if (this.state === "live") this.wish.look();
    // The hub takes it to be heard, and cannot be told otherwise yet.
    if (!this.output.ready && this.session.node === "" && this.sounding !== null) this.swallowed.lost();
    const { state, attachment } = this.session.view;
    const judged = !this.fallback.on && of(state.attachments, attachment)?.takes.includes("audio") === true;
    this.watch.look(performance.now(), judged ? this.sounding : null);
  }

  private lost(): void {
    const way = wayBack({ live: this.session.node !== "", waits: this.dialler.waits, portable: this.capture.portable });
    if (way === "waiting" || way === "ticket") return this.dial();
    if (way === "none") return this.swallowed.lost();
    if (this.call === null) return;
    this.left = new Left(this.call);
    this.call = null;
    this.tries = 1;
    this.fallBack();
    const peer = this.dialler.byTicket();
    if (peer !== null) this.callBy(peer, true);
  }

  /** The first frame wins: of the call that seemed lost, or of the connection that stands for it. */
  private race(): void {
    const { left } = this;
    if (left === null || (!left.sounds && this.fallback.timestamp === null)) return;
    const won = this.fallback.timestamp === null;
    this.left = null;
    if (!won) return left.call.drop();
    this.call?.drop();
    this.call = left.call;
    if (left.call.track !== null) this.output.play(left.call.track);
    this.climbed();
  }

  /** The frame that sounds now, whatever carries it. */
  get sounding(): Sounding | null {
    const by = this.fallback.on && this.left === null ? this.fallback : (this.left?.call ?? this.call);
    const timestamp = by?.timestamp ?? null;
    return by === null || timestamp === null ? null : { by: by === this.fallback ? this.fallback.run : by, timestamp, late: this.output.late };
  }

  /** Tell the hub whether speech would be heard: it sends none into a cold output. */
  private tellReady(): void {
    if (this.call !== null || this.fallback.on) this.session.signal("output_ready", this.output.ready);
    this.show();
  }

  private become(state: VoiceState): void {
    this.state = state;
    this.show();
  }

  private look(): VoiceView {
    return viewOf(this.state, this.microphone, this.fallback.on ? "connection" : "call", this.output.ready);
  }

  private show(): void {
    this.views.show(this.look());
  }
}
