/** The few pictures there are: strokes in the colour of the text, silent for screen readers. */
import type { JSX } from "preact";

const PATHS = {
  talk: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4",
  muted: "M9 9v2a3 3 0 0 0 5 2.2M15 10V6a3 3 0 0 0-5.7-1.3M6 11a6 6 0 0 0 9.5 4.9M18 11a6 6 0 0 1-.4 2.2M12 17v4M4 4l16 16",
  hangUp: "M3 13c5-5 13-5 18 0l-2.5 2.5-3.5-1.5v-2.5a13 13 0 0 0-6 0V14l-3.500 1.5Z",
  send: "M5 12h14M13 6l6 6-6 6",
  stop: "M7 7h10v10H7Z",
  play: "M8 6l10 6-10 6Z",
  pause: "M9 6v12M15 6v12",
  hold: "M3 18c5-5 13-5 18 0l-2.500 2.500-3.500-1.500v-2a12 12 0 0 0-6 0v2l-3.500 1.500ZM9.500 3v7M14.500 3v7",
  unhold: "M3 18c5-5 13-5 18 0l-2.500 2.500-3.500-1.500v-2a12 12 0 0 0-6 0v2l-3.500 1.500ZM9.500 2.500l7 4-7 4Z",
  again: "M19 8a8 8 0 1 0 1 6M19 3v5h-5",
  steer: "M5 20v-7a5 5 0 0 1 5-5h9M15 4l4 4-4 4",
  attach: "M20 11.500 12.500 19a5 5 0 0 1-7-7l8-8a3.300 3.300 0 0 1 4.700 4.700l-8 8a1.700 1.700 0 0 1-2.400-2.400l7.200-7.200",
  phone: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM11 18h2",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 20c1-4 4-6 8-6s7 2 8 6",
  theme: "M12 4a8 8 0 1 0 0 16ZM12 4a8 8 0 0 1 0 16",
  bell: "M6 17h12l-1.500-2V11a4.500 4.500 0 0 0-9 0v4ZM10.500 20h3M12 4v2.500",
  down: "M12 5v14M6 13l6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  tool: "M14.500 5.500a4 4 0 0 0 4.800 5.200L20 12l-8 8a2 2 0 0 1-3-3l8-8-1.300-.7A4 4 0 0 0 10.500 4Z",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Two notes under one bow. */
export function Mark(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="bow" d="M5 13C9 5 23 5 27 13" />
      <ellipse cx="8" cy="23" rx="4.200" ry="3.200" transform="rotate(-20 8 23)" />
      <ellipse cx="23" cy="23" rx="4.200" ry="3.200" transform="rotate(-20 23 23)" />
    </svg>
  );
}
