// Written by scripts/generate_types.py from the Python structs. Do not edit.

export interface Part {
  kind?: "data" | "file" | "image" | "reasoning" | "text";
  text?: string;
  name?: string;
  type?: string;
  size?: number;
  sha256?: string;
}

export type Word = [string, number, number];

export interface Spoken {
  track: string;
  start: number;
  end: number;
  words?: Word[];
}

export type Stretch = [string, number, number, number];

export interface ActivityChanged {
  type: "activity_changed";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  activity: "idle" | "listening" | "speaking" | "thinking" | "tool";
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface AgentAwaited {
  type: "agent_awaited";
  by: string;
  offset?: number;
  time?: number;
  agent: string;
}

export interface AgentCrashed {
  type: "agent_crashed";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  right: string;
  token: number;
}

export interface AgentReachable {
  type: "agent_reachable";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  right: string;
}

export interface AgentUnreachable {
  type: "agent_unreachable";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  right: string;
  window_ms?: number;
}

export interface AttachmentAway {
  type: "attachment_away";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  reason?: string;
}

export interface AttachmentBack {
  type: "attachment_back";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  gap_ms?: number;
}

export interface AttachmentClosed {
  type: "attachment_closed";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  reason?: "detached" | "grace_over" | "left" | "revoked";
}

export interface AttachmentOpened {
  type: "attachment_opened";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  attachment: string;
  device?: string;
  takes?: ("audio" | "text")[];
  gives?: ("audio" | "text")[];
  reach?: "all" | "nobody" | "responder";
}

export interface AttentionChanged {
  type: "attention_changed";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  attentive: boolean;
}

export interface BudgetExhausted {
  type: "budget_exhausted";
  by: string;
  offset?: number;
  time?: number;
  what: "seconds" | "tokens" | "tool_calls";
  spent: number;
  most: number;
}

export interface BudgetNeared {
  type: "budget_neared";
  by: string;
  offset?: number;
  time?: number;
  what: "seconds" | "tokens" | "tool_calls";
  spent: number;
  most: number;
}

export interface CancelRequested {
  type: "cancel_requested";
  by: string;
  offset?: number;
  time?: number;
  response: string;
}

export interface ClockSighted {
  type: "clock_sighted";
  by: string;
  offset?: number;
  time?: number;
  track: string;
  media_time: number;
  ago?: number;
}

export interface DraftDismissed {
  type: "draft_dismissed";
  by: string;
  offset?: number;
  time?: number;
  draft: string;
}

export interface DraftUsed {
  type: "draft_used";
  by: string;
  offset?: number;
  time?: number;
  draft: string;
  drafter: string;
  message: string;
  edited?: boolean;
}

export interface GapMarked {
  type: "gap_marked";
  by: string;
  offset?: number;
  time?: number;
  track: string;
  start: number;
  end: number;
}

export interface HeardSettled {
  type: "heard_settled";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  participant: string;
  characters: number;
  samples?: number;
  final?: boolean;
}

export interface HoldChanged {
  type: "hold_changed";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  holds: boolean;
}

export interface HumanRequestTold {
  type: "human_request_told";
  by: string;
  offset?: number;
  time?: number;
  request: string;
  sent?: boolean;
  final?: boolean;
  reason?: string;
  reached?: string[];
  target?: string;
}

export interface HumanRequestWithdrawn {
  type: "human_request_withdrawn";
  by: string;
  offset?: number;
  time?: number;
  request: string;
  reason?: string;
}

export interface HumanRequested {
  type: "human_requested";
  by: string;
  offset?: number;
  time?: number;
  request: string;
  reason?: string;
  skill?: string;
  priority?: number;
}

export interface LogReopened {
  type: "log_reopened";
  by: string;
  offset?: number;
  time?: number;
  previous_epoch: string;
  lost_from: number;
  lost_to: number;
  checks?: string;
}

export interface MessageEnded {
  type: "message_ended";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  outcome?: "cancelled" | "failed" | "finished" | "interrupted";
  reason?: string;
}

export interface MessageGrown {
  type: "message_grown";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  index: number;
  text: string;
  part?: number;
  kind?: "reasoning" | "text";
  count?: number;
}

export interface MessagePosted {
  type: "message_posted";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  parts: Part[];
  turn?: string;
  response?: string;
  ends_turn?: boolean;
  spoken?: Spoken | null;
}

export interface MessageStarted {
  type: "message_started";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  response?: string;
  brought?: boolean;
}

export interface ModalityChanged {
  type: "modality_changed";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  takes: ("audio" | "text")[];
  gives: ("audio" | "text")[];
}

export interface NotificationAttempted {
  type: "notification_attempted";
  by: string;
  offset?: number;
  time?: number;
  about: string;
  notice: "answer" | "approval" | "result";
  sent?: boolean;
  final?: boolean;
  reason?: string;
  reached?: string[];
  target?: string;
  people?: string[];
  id?: string;
}

export interface PartAdded {
  type: "part_added";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  part: Part;
}

export interface ParticipantJoined {
  type: "participant_joined";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  role: "agent" | "observer" | "operator" | "supervisor" | "user";
  name?: string;
}

export interface ParticipantLeft {
  type: "participant_left";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  reason?: string;
}

export interface PromiseMade {
  type: "promise_made";
  by: string;
  offset?: number;
  time?: number;
  promise: string;
  text: string;
}

export interface PromiseWithdrawn {
  type: "promise_withdrawn";
  by: string;
  offset?: number;
  time?: number;
  promise: string;
}

export interface PushSubscribed {
  type: "push_subscribed";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  subscription: string;
  sealed: string;
}

export interface PushUnsubscribed {
  type: "push_unsubscribed";
  by: string;
  offset?: number;
  time?: number;
  subscription: string;
  reason?: string;
}

export interface ReplyDrafted {
  type: "reply_drafted";
  by: string;
  offset?: number;
  time?: number;
  draft: string;
  text: string;
  turn?: string;
}

export interface ReservationEnded {
  type: "reservation_ended";
  by: string;
  offset?: number;
  time?: number;
  request: string;
  participant: string;
  how: "accepted" | "expired" | "rejected" | "withdrawn";
}

export interface ResponderChanged {
  type: "responder_changed";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  reason?: string;
  briefing?: string;
}

export interface ResponseEnded {
  type: "response_ended";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  outcome: "cancelled" | "failed" | "finished" | "interrupted";
  reason?: string;
  turn_waits?: boolean;
}

export interface ResponseProgressed {
  type: "response_progressed";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface ResponseStarted {
  type: "response_started";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  turn?: string;
  parent?: string;
  title?: string;
}

export interface ResponseSuperseded {
  type: "response_superseded";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  turn: string;
}

export interface RightGranted {
  type: "right_granted";
  by: string;
  offset?: number;
  time?: number;
  right: string;
  holder: string;
  token: number;
  worker?: string;
  attachment?: string;
  listens?: boolean;
}

export interface RightReleased {
  type: "right_released";
  by: string;
  offset?: number;
  time?: number;
  right: string;
  token: number;
  reason?: "crashed" | "ended" | "expired" | "released" | "taken";
}

export interface SessionCreated {
  type: "session_created";
  by: string;
  offset?: number;
  time?: number;
  labels?: Record<string, string>;
  title?: string;
}

export interface SessionEnded {
  type: "session_ended";
  by: string;
  offset?: number;
  time?: number;
  reason?: string;
}

export interface SessionLabelled {
  type: "session_labelled";
  by: string;
  offset?: number;
  time?: number;
  labels: Record<string, string>;
}

export interface SessionReserved {
  type: "session_reserved";
  by: string;
  offset?: number;
  time?: number;
  request: string;
  participant: string;
  window_ms: number;
}

export interface SpeechQueued {
  type: "speech_queued";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  track: string;
  start: number;
  end: number;
  characters: number;
  samples?: number;
  words?: [number, number][];
}

export interface SpeechShown {
  type: "speech_shown";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  participant: string;
}

export interface SpeechSkipped {
  type: "speech_skipped";
  by: string;
  offset?: number;
  time?: number;
  message: string;
  participant: string;
  start: number;
  end: number;
}

export interface StanceChanged {
  type: "stance_changed";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  stance: "" | "barge" | "monitor" | "whisper";
}

export interface SteeringAnswered {
  type: "steering_answered";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  asked: "continue" | "pause" | "steer";
  done: boolean;
  detail?: string;
  at?: number;
}

export interface SteeringRequested {
  type: "steering_requested";
  by: string;
  offset?: number;
  time?: number;
  response: string;
  asked: "continue" | "pause" | "steer";
  text?: string;
}

export interface ToolDecided {
  type: "tool_decided";
  by: string;
  offset?: number;
  time?: number;
  call: string;
  approved: boolean;
  done?: boolean;
  reason?: string;
}

export interface ToolEnded {
  type: "tool_ended";
  by: string;
  offset?: number;
  time?: number;
  call: string;
  outcome: "cancelled" | "failed" | "finished" | "interrupted";
  result?: string;
  reason?: string;
}

export interface ToolProgressed {
  type: "tool_progressed";
  by: string;
  offset?: number;
  time?: number;
  call: string;
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface ToolRequested {
  type: "tool_requested";
  by: string;
  offset?: number;
  time?: number;
  call: string;
  name: string;
  arguments: string;
  response?: string;
  key?: string;
  idempotent?: boolean;
  approval?: string;
  unknown?: boolean;
  runs?: "" | "client" | "hub";
  participant?: string;
  claim_ms?: number;
  policy?: string;
  approval_ms?: number;
  run_ms?: number;
}

export interface ToolStarted {
  type: "tool_started";
  by: string;
  offset?: number;
  time?: number;
  call: string;
  runner?: string;
}

export interface ToolsAnnounced {
  type: "tools_announced";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  tools: string[];
}

export interface TurnEnded {
  type: "turn_ended";
  by: string;
  offset?: number;
  time?: number;
  turn: string;
  empty?: boolean;
  incomplete?: boolean;
}

export interface TurnMarked {
  type: "turn_marked";
  by: string;
  offset?: number;
  time?: number;
  turn: string;
  mark: "end_of_speech" | "end_of_turn" | "first_audio_in" | "first_audio_out" | "first_word" | "heard" | "speech_started" | "transcript_final";
  at_ms: number;
  media_time?: number;
}

export interface TurnStarted {
  type: "turn_started";
  by: string;
  offset?: number;
  time?: number;
  turn: string;
  participant: string;
}

export interface UsageReported {
  type: "usage_reported";
  by: string;
  offset?: number;
  time?: number;
  response?: string;
  tokens_in?: number;
  tokens_out?: number;
  ms?: number;
}

export interface UsersHeld {
  type: "users_held";
  by: string;
  offset?: number;
  time?: number;
}

export interface UsersReleased {
  type: "users_released";
  by: string;
  offset?: number;
  time?: number;
}

export interface VoiceEnded {
  type: "voice_ended";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  call: string;
  reason?: string;
}

export interface VoiceStarted {
  type: "voice_started";
  by: string;
  offset?: number;
  time?: number;
  attachment: string;
  call: string;
  track: string;
  media_time?: number;
}

export interface Whispered {
  type: "whispered";
  by: string;
  offset?: number;
  time?: number;
  to: string;
  text: string;
  spoken?: Spoken | null;
}

export interface WrappedUp {
  type: "wrapped_up";
  by: string;
  offset?: number;
  time?: number;
  participant: string;
  disposition?: string;
  notes?: string;
}

export interface Participant {
  id: string;
  role: "agent" | "observer" | "operator" | "supervisor" | "user";
  name: string;
  left: boolean;
  activity: "idle" | "listening" | "speaking" | "thinking" | "tool";
  text: string;
  step: number;
  steps: number;
  eta_ms: number;
  since: number;
  fault: "" | "crashed" | "unreachable";
  fault_since: number;
  fault_at: number;
  window_ms: number;
  stance: "" | "barge" | "monitor" | "whisper";
}

export interface Attachment {
  id: string;
  participant: string;
  device: string;
  takes: ("audio" | "text")[];
  gives: ("audio" | "text")[];
  away_since: number;
  away_at: number;
  call: string;
  track: string;
  attentive: boolean;
  tools: string[];
  holds: boolean;
  reach: "all" | "nobody" | "responder";
}

export interface Right {
  token: number;
  holder: string;
  worker: string;
  attachment: string;
  listens: boolean;
  last: string;
}

export interface Message {
  entry: "message";
  id: string;
  by: string;
  at: number;
  time: number;
  status: "cancelled" | "failed" | "finished" | "interrupted" | "open";
  parts: Part[];
  turn: string;
  response: string;
  deltas: number;
  ordinal: number;
  reason: string;
  spoken: Spoken | null;
  heard: Record<string, number>;
  read: Record<string, number>;
  speech_end: number;
  speech_characters: number;
  speech_track: string;
  heard_samples: Record<string, number>;
  settled: string[];
  speech: Stretch[];
  speech_words: [number, number][];
  missed: [string, number, number][];
  superseded: boolean;
  aside: string;
  brought: boolean;
  asker: string;
}

export interface ToolCall {
  entry: "tool";
  id: string;
  by: string;
  at: number;
  time: number;
  name: string;
  arguments: string;
  status: "approved" | "cancelled" | "failed" | "finished" | "interrupted" | "requested" | "started";
  response: string;
  key: string;
  idempotent: boolean;
  approval: string;
  decided_by: string;
  text: string;
  step: number;
  steps: number;
  eta_ms: number;
  result: string;
  reason: string;
  ordinal: number;
  unknown: boolean;
  runs: "" | "client" | "hub";
  participant: string;
  claim_ms: number;
  policy: string;
  approval_ms: number;
  runner: string;
  since: number;
  run_ms: number;
  asker: string;
}

export interface Turn {
  id: string;
  participant: string;
  status: "answering" | "speaking" | "waiting";
  since: number;
  at: number;
  response: string;
  incomplete: boolean;
  started: string[];
  again: string;
  paused: string;
}

export interface Response {
  id: string;
  by: string;
  at: number;
  turn: string;
  parent: string;
  cancel_requested: boolean;
  steer: string;
  steer_at: number;
  pausing: "" | "continue" | "pause";
  pausing_at: number;
  title: string;
  text: string;
  step: number;
  steps: number;
  eta_ms: number;
}

export interface Answered {
  response: string;
  turn: string;
  participant: string;
  started: string[];
}

export interface Aside {
  at: number;
  by: string;
  to: string;
  text: string;
}

export interface Told {
  tries: number;
  time: number;
  over: boolean;
  reached: string[];
}

export interface Asking {
  id: string;
  by: string;
  since: number;
  reason: string;
  skill: string;
  priority: number;
  reserved_for: string;
  reserved_at: number;
  reserved_until: number;
  passed: string[];
  told: Record<string, Told>;
}

export interface Draft {
  id: string;
  by: string;
  at: number;
  text: string;
  turn: string;
}

export interface Promised {
  id: string;
  by: string;
  at: number;
  time: number;
  text: string;
}

export interface Help {
  by: string;
  at: number;
  since: number;
  ended_at: number;
  until: number;
  summary: string;
  promises: Promised[];
  tools: string[];
}

export interface Noted {
  by: string;
  at: number;
  time: number;
  disposition: string;
  notes: string;
}

export interface Notified {
  about: string;
  notice: "answer" | "approval" | "result";
  at: number;
  tries: number;
  time: number;
  over: boolean;
  reached: string[];
  target: string;
  people: string[];
  id: string;
}

export interface Push {
  id: string;
  participant: string;
  at: number;
  sealed: string;
}

export interface Usage {
  tokens_in: number;
  tokens_out: number;
  ms: number;
  tool_calls: number;
}

export interface Alone {
  since: number;
  at: number;
  paused: string;
  paused_at: number;
  back: number;
}

export interface Reopening {
  at: number;
  previous_epoch: string;
  lost_from: number;
  lost_to: number;
  checks: string;
}

export interface State {
  fold: number;
  offset: number;
  time: number;
  control: number;
  created: number;
  title: string;
  labels: Record<string, string>;
  ended: boolean;
  ended_reason: string;
  participants: Record<string, Participant>;
  attachments: Record<string, Attachment>;
  rights: Record<string, Right>;
  responder: string;
  responder_since: number;
  awaited: string;
  briefing: string;
  entries: Record<string, Message | ToolCall>;
  finished: number;
  turns: Record<string, Turn>;
  responses: Record<string, Response>;
  paused: string;
  answered: Answered[];
  held: string;
  whispers: Aside[];
  drafts: Draft[];
  asking: Asking | null;
  wrap_ups: Record<string, number>;
  help: Help | null;
  helped: Help[];
  noted: Noted[];
  unseen: number;
  unseen_by: Record<string, number>;
  gone_at: Record<string, number>;
  notified: Record<string, Notified>;
  pushes: Record<string, Push>;
  usage: Usage | null;
  alone: Alone | null;
  gaps: [string, number, number][];
  reopened: Reopening[];
  unknown: Record<string, unknown>[];
}

export interface AcceptSession {
  type: "accept_session";
  right: string;
  worker: string;
  listens?: boolean;
}

export interface AddPart {
  type: "add_part";
  message: string;
  part: Part;
}

export interface AnnounceTools {
  type: "announce_tools";
  tools: string[];
}

export interface AnswerSteering {
  type: "answer_steering";
  response: string;
  asked: "continue" | "pause" | "steer";
  done: boolean;
  detail?: string;
  at?: number;
}

export interface CancelResponse {
  type: "cancel_response";
  response: string;
}

export interface ChangeActivity {
  type: "change_activity";
  activity: "idle" | "listening" | "speaking" | "thinking" | "tool";
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface ChangeAttention {
  type: "change_attention";
  attentive: boolean;
}

export interface ChangeHold {
  type: "change_hold";
  holds: boolean;
}

export interface ChangeModality {
  type: "change_modality";
  takes: ("audio" | "text")[];
  gives: ("audio" | "text")[];
  playout?: number;
  microphone?: number;
}

export interface ChangeStance {
  type: "change_stance";
  stance: "" | "barge" | "monitor" | "whisper";
}

export interface ContinueResponse {
  type: "continue_response";
  response: string;
}

export interface DecideTool {
  type: "decide_tool";
  call: string;
  approved: boolean;
  done?: boolean;
  reason?: string;
}

export interface DismissDraft {
  type: "dismiss_draft";
  draft: string;
}

export interface EndMessage {
  type: "end_message";
  message: string;
  outcome?: "cancelled" | "failed" | "finished" | "interrupted";
  reason?: string;
}

export interface EndResponse {
  type: "end_response";
  response: string;
  outcome?: "cancelled" | "failed" | "finished" | "interrupted";
  reason?: string;
}

export interface EndSession {
  type: "end_session";
  reason?: string;
}

export interface EndTool {
  type: "end_tool";
  call: string;
  outcome?: "cancelled" | "failed" | "finished" | "interrupted";
  result?: string;
  reason?: string;
}

export interface GrowMessage {
  type: "grow_message";
  message: string;
  index: number;
  text: string;
  part?: number;
  kind?: "reasoning" | "text";
}

export interface HandBack {
  type: "hand_back";
  briefing?: string;
}

export interface HandOver {
  type: "hand_over";
  to: string;
  briefing?: string;
}

export interface HoldUsers {
  type: "hold_users";
}

export interface LabelSession {
  type: "label_session";
  labels: Record<string, string>;
}

export interface Leave {
  type: "leave";
  reason?: string;
}

export interface MakePromise {
  type: "make_promise";
  promise: string;
  text: string;
}

export interface MarkTurn {
  type: "mark_turn";
  turn: string;
  mark: "end_of_speech" | "end_of_turn" | "first_audio_in" | "first_audio_out" | "first_word" | "heard" | "speech_started" | "transcript_final";
  at_ms: number;
  media_time?: number;
}

export interface OfferDraft {
  type: "offer_draft";
  draft: string;
  text: string;
  turn?: string;
}

export interface PauseResponse {
  type: "pause_response";
  response: string;
}

export interface PostMessage {
  type: "post_message";
  message: string;
  parts: Part[];
  response?: string;
  draft?: string;
}

export interface ProgressResponse {
  type: "progress_response";
  response: string;
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface ProgressTool {
  type: "progress_tool";
  call: string;
  text?: string;
  step?: number;
  steps?: number;
  eta_ms?: number;
}

export interface RegenerateResponse {
  type: "regenerate_response";
  response: string;
}

export interface RejectSession {
  type: "reject_session";
  request: string;
}

export interface ReleaseRight {
  type: "release_right";
  right: string;
  token: number;
}

export interface ReleaseUsers {
  type: "release_users";
}

export interface ReportUsage {
  type: "report_usage";
  response?: string;
  tokens_in?: number;
  tokens_out?: number;
  ms?: number;
}

export interface RequestHuman {
  type: "request_human";
  request: string;
  reason?: string;
  skill?: string;
  priority?: number;
  to?: string;
}

export interface RequestTool {
  type: "request_tool";
  call: string;
  name: string;
  arguments: string;
  response?: string;
  key?: string;
  idempotent?: boolean;
  approval?: string;
  unknown?: boolean;
  runs?: "" | "client" | "hub";
  claim_ms?: number;
  policy?: string;
  approval_ms?: number;
  run_ms?: number;
}

export interface ReserveSession {
  type: "reserve_session";
  request: string;
}

export interface SettleHeard {
  type: "settle_heard";
  message: string;
  characters: number;
  samples?: number;
  final?: boolean;
}

export interface StartMessage {
  type: "start_message";
  message: string;
  response?: string;
  brought?: boolean;
}

export interface StartResponse {
  type: "start_response";
  response: string;
  turn?: string;
  parent?: string;
  title?: string;
}

export interface StartTool {
  type: "start_tool";
  call: string;
}

export interface SteerResponse {
  type: "steer_response";
  response: string;
  text: string;
}

export interface SubscribePush {
  type: "subscribe_push";
  subscription: string;
  sealed: string;
}

export interface TakeOver {
  type: "take_over";
  reason?: string;
}

export interface Transfer {
  type: "transfer";
  to: string;
  briefing?: string;
}

export interface UnsubscribePush {
  type: "unsubscribe_push";
  subscription: string;
}

export interface Whisper {
  type: "whisper";
  text: string;
}

export interface WithdrawPromise {
  type: "withdraw_promise";
  promise: string;
}

export interface WithdrawRequest {
  type: "withdraw_request";
  request: string;
  reason?: string;
}

export interface WrapUp {
  type: "wrap_up";
  disposition?: string;
  notes?: string;
}

export interface ResumeTicket {
  id: string;
  ticket: string;
  nonce: string;
  expires: number;
}

export interface ProducerAt {
  epoch: number;
  last: number;
}

export interface PlayedUntil {
  message: string;
  samples: number;
  ago?: number;
  then?: "" | "catch_up" | "live" | "rest";
}

export interface LeftBehind {
  capture: string;
  since?: number;
  until: number;
}

export interface UpAttach {
  type: "attach";
  v: number;
  ticket: string;
  producer: string;
  key?: Record<string, string> | null;
  session?: string;
  device?: string;
  takes?: ("audio" | "text")[];
  gives?: ("audio" | "text")[];
  position?: string;
  whole?: boolean;
  require?: "" | "buffered" | "memory" | "replicated" | "synced";
  worker?: string;
  accept?: string;
  listens?: boolean;
  was?: "" | "streaming" | "voice";
}

export interface UpCapacity {
  type: "capacity";
  free: number;
}

export interface UpCredit {
  type: "credit";
  events: number;
}

export interface UpDecline {
  type: "decline";
  offer: string;
  reason?: string;
  again_ms?: number;
}

export interface UpDetach {
  type: "detach";
}

export interface UpDial {
  type: "dial";
  call: string;
  password?: string;
  ready?: boolean;
  heard?: PlayedUntil | null;
  again?: boolean;
}

export interface UpDo {
  type: "do";
  seq: number;
  commands: Command[];
}

export interface UpHistory {
  type: "history";
  id: number;
  before?: number;
  limit?: number;
}

export interface UpKept {
  type: "kept";
  ticket: string;
}

export interface UpLacking {
  type: "lacking";
  stream: number;
  gaps: [number, number][];
}

export interface UpListen {
  type: "listen";
  format?: "opus" | "pcm";
  rate?: number;
  participant?: string;
}

export interface UpMicrophone {
  type: "microphone";
  stream: number;
  capture: string;
  since?: number;
  clock?: number;
  carries?: boolean;
  heard?: PlayedUntil | null;
  again?: boolean;
  before?: LeftBehind[];
}

export interface UpPing {
  type: "ping";
  n?: number;
}

export interface UpResume {
  type: "resume";
  v: number;
  ticket: string;
  producer: string;
  device?: string;
  takes?: ("audio" | "text")[] | null;
  gives?: ("audio" | "text")[] | null;
  position?: string;
  whole?: boolean;
  proof?: string;
  require?: "" | "buffered" | "memory" | "replicated" | "synced";
  worker?: string;
  was?: "" | "streaming" | "voice";
}

export interface UpSignal {
  type: "signal";
  name: string;
  data?: unknown;
}

export interface UpSpeak {
  type: "speak";
  stream: number;
  message: string;
  format?: "opus" | "pcm";
  rate?: number;
  end?: boolean;
}

export interface UpWork {
  type: "work";
  v: number;
  ticket: string;
  name: string;
  worker: string;
  capacity?: number;
  labels?: Record<string, string>;
}

export type Up =
  | UpAttach
  | UpCapacity
  | UpCredit
  | UpDecline
  | UpDetach
  | UpDial
  | UpDo
  | UpHistory
  | UpKept
  | UpLacking
  | UpListen
  | UpMicrophone
  | UpPing
  | UpResume
  | UpSignal
  | UpSpeak
  | UpWork;

export interface DownAcks {
  type: "acks";
  level: string;
  acks: [number, number, number][];
}

export interface DownAttached {
  type: "attached";
  v: number;
  session: string;
  tenant: string;
  participant: string;
  attachment: string;
  node: string;
  connection: string;
  position: string;
  level: string;
  producer: ProducerAt;
  beat_ms: number;
  resume?: ResumeTicket | null;
  snapshot?: RawState | null;
  events?: Event[];
  away_ms?: number;
  returning?: boolean;
  nodes?: string[];
  captures?: boolean;
  push?: string;
  accepted?: number;
}

export interface DownAudioAcked {
  type: "audio_acked";
  stream: number;
  track: string;
  until: number;
  level: string;
  missing?: [number, number][];
}

export interface DownClosing {
  type: "closing";
  code: number;
  reason: string;
  detail?: string;
  retry_after_ms?: number;
}

export interface DownDiscontinuity {
  type: "discontinuity";
  lost_from: number;
  lost_to: number;
  position: string;
  snapshot: RawState;
  producer?: ProducerAt | null;
}

export interface DownDraining {
  type: "draining";
  after_ms: number;
  nodes?: string[];
}

export interface DownEvents {
  type: "events";
  events: Event[];
  position: string;
}

export interface DownHistoryPage {
  type: "history_page";
  id: number;
  entries: Partial<Entry>[];
  before?: number;
}

export interface DownListening {
  type: "listening";
  stream: number;
  participant: string;
  track: string;
  format: string;
  rate: number;
}

export interface DownNotice {
  type: "notice";
  reason: string;
  ticket?: "call" | "resume";
}

export interface DownOffered {
  type: "offered";
  offer: string;
  session: string;
  tenant: string;
  ticket: string;
  participant: string;
  expires_ms: number;
}

export interface DownPong {
  type: "pong";
  n?: number;
}

export interface DownRefused {
  type: "refused";
  seq: number;
  reason: string;
  detail?: string;
  field?: string;
  expected?: number;
  retry_after_ms?: number;
}

export interface DownSignals {
  type: "signals";
  signals: Record<string, unknown>[];
}

export interface DownSnapshot {
  type: "snapshot";
  snapshot: RawState;
  position: string;
  reason?: string;
}

export interface DownSoundTaken {
  type: "sound_taken";
  stream: number;
  message: string;
  until: number;
  level: string;
  over?: boolean;
}

export interface DownWorking {
  type: "working";
  node: string;
  beat_ms: number;
  nodes?: string[];
  carries?: boolean;
}

export type Down =
  | DownAcks
  | DownAttached
  | DownAudioAcked
  | DownClosing
  | DownDiscontinuity
  | DownDraining
  | DownEvents
  | DownHistoryPage
  | DownListening
  | DownNotice
  | DownOffered
  | DownPong
  | DownRefused
  | DownSignals
  | DownSnapshot
  | DownSoundTaken
  | DownWorking;

export type KnownEvent =
  | ActivityChanged
  | AgentAwaited
  | AgentCrashed
  | AgentReachable
  | AgentUnreachable
  | AttachmentAway
  | AttachmentBack
  | AttachmentClosed
  | AttachmentOpened
  | AttentionChanged
  | BudgetExhausted
  | BudgetNeared
  | CancelRequested
  | ClockSighted
  | DraftDismissed
  | DraftUsed
  | GapMarked
  | HeardSettled
  | HoldChanged
  | HumanRequestTold
  | HumanRequestWithdrawn
  | HumanRequested
  | LogReopened
  | MessageEnded
  | MessageGrown
  | MessagePosted
  | MessageStarted
  | ModalityChanged
  | NotificationAttempted
  | PartAdded
  | ParticipantJoined
  | ParticipantLeft
  | PromiseMade
  | PromiseWithdrawn
  | PushSubscribed
  | PushUnsubscribed
  | ReplyDrafted
  | ReservationEnded
  | ResponderChanged
  | ResponseEnded
  | ResponseProgressed
  | ResponseStarted
  | ResponseSuperseded
  | RightGranted
  | RightReleased
  | SessionCreated
  | SessionEnded
  | SessionLabelled
  | SessionReserved
  | SpeechQueued
  | SpeechShown
  | SpeechSkipped
  | StanceChanged
  | SteeringAnswered
  | SteeringRequested
  | ToolDecided
  | ToolEnded
  | ToolProgressed
  | ToolRequested
  | ToolStarted
  | ToolsAnnounced
  | TurnEnded
  | TurnMarked
  | TurnStarted
  | UsageReported
  | UsersHeld
  | UsersReleased
  | VoiceEnded
  | VoiceStarted
  | Whispered
  | WrappedUp;

export type Command =
  | AcceptSession
  | AddPart
  | AnnounceTools
  | AnswerSteering
  | CancelResponse
  | ChangeActivity
  | ChangeAttention
  | ChangeHold
  | ChangeModality
  | ChangeStance
  | ContinueResponse
  | DecideTool
  | DismissDraft
  | EndMessage
  | EndResponse
  | EndSession
  | EndTool
  | GrowMessage
  | HandBack
  | HandOver
  | HoldUsers
  | LabelSession
  | Leave
  | MakePromise
  | MarkTurn
  | OfferDraft
  | PauseResponse
  | PostMessage
  | ProgressResponse
  | ProgressTool
  | RegenerateResponse
  | RejectSession
  | ReleaseRight
  | ReleaseUsers
  | ReportUsage
  | RequestHuman
  | RequestTool
  | ReserveSession
  | SettleHeard
  | StartMessage
  | StartResponse
  | StartTool
  | SteerResponse
  | SubscribePush
  | TakeOver
  | Transfer
  | UnsubscribePush
  | Whisper
  | WithdrawPromise
  | WithdrawRequest
  | WrapUp;

export type Entry = Message | ToolCall;
/** A state as it comes over the wire: defaults left out. */
export type RawState = Record<string, unknown>;
export interface UnknownEvent {
  type: string;
  by: string;
  offset?: number;
  time?: number;
  [field: string]: unknown;
}
export type Event = KnownEvent | UnknownEvent;

export const CONTROL_EVENTS: ReadonlySet<string> = new Set(["agent_awaited", "agent_crashed", "budget_exhausted", "human_request_told", "human_request_withdrawn", "human_requested", "log_reopened", "message_ended", "notification_attempted", "participant_left", "promise_made", "promise_withdrawn", "push_subscribed", "push_unsubscribed", "reservation_ended", "responder_changed", "response_ended", "response_started", "response_superseded", "right_granted", "right_released", "session_created", "session_ended", "session_reserved", "stance_changed", "steering_answered", "steering_requested", "tool_decided", "tool_ended", "tool_requested", "tool_started", "tools_announced", "users_held", "users_released", "wrapped_up"]);

export const EVENT_DEFAULTS = {
  activity_changed: { offset: 0, time: 0, text: "", step: 0, steps: 0, eta_ms: 0 },
  agent_awaited: { offset: 0, time: 0 },
  agent_crashed: { offset: 0, time: 0 },
  agent_reachable: { offset: 0, time: 0 },
  agent_unreachable: { offset: 0, time: 0, window_ms: 0 },
  attachment_away: { offset: 0, time: 0, reason: "" },
  attachment_back: { offset: 0, time: 0, gap_ms: 0 },
  attachment_closed: { offset: 0, time: 0, reason: "detached" },
  attachment_opened: { offset: 0, time: 0, device: "", takes: ["text"], gives: ["text"], reach: "all" },
  attention_changed: { offset: 0, time: 0 },
  budget_exhausted: { offset: 0, time: 0 },
  budget_neared: { offset: 0, time: 0 },
  cancel_requested: { offset: 0, time: 0 },
  clock_sighted: { offset: 0, time: 0, ago: 0 },
  draft_dismissed: { offset: 0, time: 0 },
  draft_used: { offset: 0, time: 0, edited: false },
  gap_marked: { offset: 0, time: 0 },
  heard_settled: { offset: 0, time: 0, samples: 0, final: false },
  hold_changed: { offset: 0, time: 0 },
  human_request_told: { offset: 0, time: 0, sent: false, final: false, reason: "", reached: [], target: "" },
  human_request_withdrawn: { offset: 0, time: 0, reason: "" },
  human_requested: { offset: 0, time: 0, reason: "", skill: "", priority: 0 },
  log_reopened: { offset: 0, time: 0, checks: "" },
  message_ended: { offset: 0, time: 0, outcome: "finished", reason: "" },
  message_grown: { offset: 0, time: 0, part: 0, kind: "text", count: 1 },
  message_posted: { offset: 0, time: 0, turn: "", response: "", ends_turn: false, spoken: null },
  message_started: { offset: 0, time: 0, response: "", brought: false },
  modality_changed: { offset: 0, time: 0 },
  notification_attempted: { offset: 0, time: 0, sent: false, final: false, reason: "", reached: [], target: "", people: [], id: "" },
  part_added: { offset: 0, time: 0 },
  participant_joined: { offset: 0, time: 0, name: "" },
  participant_left: { offset: 0, time: 0, reason: "" },
  promise_made: { offset: 0, time: 0 },
  promise_withdrawn: { offset: 0, time: 0 },
  push_subscribed: { offset: 0, time: 0 },
  push_unsubscribed: { offset: 0, time: 0, reason: "" },
  reply_drafted: { offset: 0, time: 0, turn: "" },
  reservation_ended: { offset: 0, time: 0 },
  responder_changed: { offset: 0, time: 0, reason: "", briefing: "" },
  response_ended: { offset: 0, time: 0, reason: "", turn_waits: false },
  response_progressed: { offset: 0, time: 0, text: "", step: 0, steps: 0, eta_ms: 0 },
  response_started: { offset: 0, time: 0, turn: "", parent: "", title: "" },
  response_superseded: { offset: 0, time: 0 },
  right_granted: { offset: 0, time: 0, worker: "", attachment: "", listens: false },
  right_released: { offset: 0, time: 0, reason: "released" },
  session_created: { offset: 0, time: 0, labels: {}, title: "" },
  session_ended: { offset: 0, time: 0, reason: "" },
  session_labelled: { offset: 0, time: 0 },
  session_reserved: { offset: 0, time: 0 },
  speech_queued: { offset: 0, time: 0, samples: 0, words: [] },
  speech_shown: { offset: 0, time: 0 },
  speech_skipped: { offset: 0, time: 0 },
  stance_changed: { offset: 0, time: 0 },
  steering_answered: { offset: 0, time: 0, detail: "", at: 0 },
  steering_requested: { offset: 0, time: 0, text: "" },
  tool_decided: { offset: 0, time: 0, done: false, reason: "" },
  tool_ended: { offset: 0, time: 0, result: "", reason: "" },
  tool_progressed: { offset: 0, time: 0, text: "", step: 0, steps: 0, eta_ms: 0 },
  tool_requested: { offset: 0, time: 0, response: "", key: "", idempotent: false, approval: "", unknown: false, runs: "", participant: "", claim_ms: 0, policy: "", approval_ms: 0, run_ms: 0 },
  tool_started: { offset: 0, time: 0, runner: "" },
  tools_announced: { offset: 0, time: 0 },
  turn_ended: { offset: 0, time: 0, empty: false, incomplete: false },
  turn_marked: { offset: 0, time: 0, media_time: -1 },
  turn_started: { offset: 0, time: 0 },
  usage_reported: { offset: 0, time: 0, response: "", tokens_in: 0, tokens_out: 0, ms: 0 },
  users_held: { offset: 0, time: 0 },
  users_released: { offset: 0, time: 0 },
  voice_ended: { offset: 0, time: 0, reason: "" },
  voice_started: { offset: 0, time: 0, media_time: 0 },
  whispered: { offset: 0, time: 0, spoken: null },
  wrapped_up: { offset: 0, time: 0, disposition: "", notes: "" },
} as const;

export const STATE_DEFAULTS = {
  Part: { kind: "text", text: "", name: "", type: "", size: 0, sha256: "" },
  Spoken: { words: [] },
  Participant: { name: "", left: false, activity: "idle", text: "", step: 0, steps: 0, eta_ms: 0, since: 0, fault: "", fault_since: 0, fault_at: 0, window_ms: 0, stance: "" },
  Attachment: { device: "", takes: ["text"], gives: ["text"], away_since: 0, away_at: 0, call: "", track: "", attentive: true, tools: [], holds: false, reach: "all" },
  Right: { holder: "", worker: "", attachment: "", listens: false, last: "" },
  Message: { status: "open", parts: [], turn: "", response: "", deltas: 0, ordinal: 0, reason: "", spoken: null, heard: {}, read: {}, speech_end: -1, speech_characters: 0, speech_track: "", heard_samples: {}, settled: [], speech: [], speech_words: [], missed: [], superseded: false, aside: "", brought: false, asker: "" },
  ToolCall: { arguments: "", status: "requested", response: "", key: "", idempotent: false, approval: "", decided_by: "", text: "", step: 0, steps: 0, eta_ms: 0, result: "", reason: "", ordinal: 0, unknown: false, runs: "", participant: "", claim_ms: 0, policy: "", approval_ms: 0, runner: "", since: 0, run_ms: 0, asker: "" },
  Turn: { status: "speaking", since: 0, at: 0, response: "", incomplete: false, started: [], again: "", paused: "" },
  Response: { turn: "", parent: "", cancel_requested: false, steer: "", steer_at: 0, pausing: "", pausing_at: 0, title: "", text: "", step: 0, steps: 0, eta_ms: 0 },
  Answered: { started: [] },
  Aside: {  },
  Told: { tries: 1, time: 0, over: false, reached: [] },
  Asking: { reason: "", skill: "", priority: 0, reserved_for: "", reserved_at: 0, reserved_until: 0, passed: [], told: {} },
  Draft: { turn: "" },
  Promised: {  },
  Help: { ended_at: 0, until: 0, summary: "", promises: [], tools: [] },
  Noted: { disposition: "", notes: "" },
  Notified: { tries: 1, time: 0, over: false, reached: [], target: "", people: [], id: "" },
  Push: {  },
  Usage: { tokens_in: 0, tokens_out: 0, ms: 0, tool_calls: 0 },
  Alone: { since: 0, at: 0, paused: "", paused_at: 0, back: 0 },
  Reopening: { checks: "" },
  State: { fold: 31, offset: 0, time: 0, control: 0, created: 0, title: "", labels: {}, ended: false, ended_reason: "", participants: {}, attachments: {}, rights: {}, responder: "", responder_since: 0, awaited: "", briefing: "", entries: {}, finished: 0, turns: {}, responses: {}, paused: "", answered: [], held: "", whispers: [], drafts: [], asking: null, wrap_ups: {}, help: null, helped: [], noted: [], unseen: 0, unseen_by: {}, gone_at: {}, notified: {}, pushes: {}, usage: null, alone: null, gaps: [], reopened: [], unknown: [] },
} as const;
