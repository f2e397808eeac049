/** The generated names, as the client and its users use them. */
export type {
  Attachment,
  Command,
  Down,
  DownAttached,
  DownClosing,
  DownDiscontinuity,
  DownRefused,
  Entry,
  Event,
  Message,
  MessagePosted,
  Part,
  Participant,
  PlayedUntil,
  Response as Answer,
  SpeechQueued,
  State,
  ToolCall,
  TurnMarked,
  Turn,
} from "./generated";
export type Medium = "text" | "audio";
