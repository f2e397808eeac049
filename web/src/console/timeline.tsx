/**
 * The session as it sounds: who speaks into a microphone above, what is spoken for them below, message after message. A click hears
 * it from there; what is not seen is not fetched.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Message, View } from "../client";
import { transcript } from "../client/state";
import { nameOf } from "../demo/names";
import type { Hearing } from "../demo/hearing";
import { ReplayStrip } from "../demo/replay_strip";
import { duration } from "./words";
import { shownOf, Waves, type Wave } from "./waves";

const STEP = 3;
const LANE = 18;
/** No more of a message's speech was made for so long: it is looked at. */
const SETTLED_MS = 600;
/** Of a message whose sound was not looked at yet. */
const UNKNOWN: Wave = { person: true, seconds: 0, bars: [0, 0, 0, 0, 0, 0, 0, 0] };

export function Timeline({ view, hearing }: { view: View; hearing: Hearing }): JSX.Element {
  const { replay } = hearing;
  const waves = useMemo(() => new Waves((message) => replay.clip(message)), [replay]);
  const { past, state } = view;
  const shown = useMemo(() => shownOf([...past, ...transcript(state)].filter((one): one is Message => one.entry === "message")), [past, state.entries]);
  const strip = useRef<HTMLDivElement>(null);
  const newest = shown.at(-1)?.id;
  useEffect(() => {
    strip.current?.scrollTo({ left: strip.current.scrollWidth });
  }, [newest]);
  return (
    <div class="sound">
      {shown.length > 0 && (
        <div class="timeline" ref={strip} role="group" aria-label="What was said, as it sounds">
          {shown.map((message) => (
            <Block key={message.id} message={message} name={nameOf(state, message.by, view.participant)} waves={waves} hearing={hearing} />
          ))}
        </div>
      )}
      <ReplayStrip hearing={hearing} />
    </div>
  );
}

interface BlockProps {
  readonly message: Message;
  readonly name: string;
  readonly waves: Waves;
  readonly hearing: Hearing;
}

function Block({ message, name, waves, hearing: { replay, view } }: BlockProps): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const [wave, setWave] = useState<Wave | null>(null);
  const [silent, setSilent] = useState(false);
  const end = message.speech_end;
  useEffect(() => {
    let settles: ReturnType<typeof setTimeout>;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      const show = (found: Wave | null): void => (found === null ? setSilent(true) : setWave(found));
      settles = setTimeout(() => void waves.of(message.id, end).then(show, () => setSilent(true)), SETTLED_MS);
    });
    if (button.current !== null) seen.observe(button.current);
    return () => {
      clearTimeout(settles);
      seen.disconnect();
    };
  }, [waves, message.id, end]);
  const { bars, seconds } = wave ?? UNKNOWN;
  const person = message.spoken !== null;
  const hear = (event: MouseEvent): void => {
    // By keyboard it begins at the beginning.
    const box = button.current?.getBoundingClientRect();
    const from = event.detail === 0 || box === undefined ? 0 : (event.clientX - box.left) / box.width;
    void replay.playFrom(message.id, from);
  };
  const said = silent ? "no sound is kept" : seconds > 0 ? duration(seconds * 1_000) : "";
  return (
    <button type="button" class="wave plain" ref={button} disabled={silent} data-wave={message.id} data-person={person} data-drawn={wave !== null} data-playing={view.playing?.message === message.id} title={`${name} ${said}`} aria-label={`${name} speaks ${said}: hear it`} onClick={hear}>
      <svg width={bars.length * STEP} height={LANE * 2} aria-hidden="true">
        <path d={pathOf(bars, person)} />
      </svg>
    </button>
  );
}

/** A stroke a bar in the lane of who speaks, a line in the other. */
function pathOf(bars: readonly number[], person: boolean): string {
  const [mine, other] = person ? [0, LANE] : [LANE, 0];
  const strokes = bars.map((bar, place) => {
    const tall = Math.max(1, bar * (LANE - 4));
    return `M${place * STEP + 1} ${mine + (LANE - tall) / 2}v${tall}`;
  });
  return `${strokes.join("")}M0 ${other + LANE / 2}h${bars.length * STEP}`;
}
