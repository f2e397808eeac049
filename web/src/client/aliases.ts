/** The generated names, as the client uses them. */
export type {
  Command,
  Down,
  DownAttached,
  DownClosing,
  DownDiscontinuity,
  DownRefused,
  Entry,
  Event,
  Message,
  Part,
  Participant,
  State,
  ToolCall,
} from "./generated";
export type Medium = "text" | "audio";
