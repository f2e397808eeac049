/**
 * What runs when nobody has the page open: a push becomes a notification, and a click on it opens the session.
 *
 * A thing is told under its own tag, so that a repeat replaces what is shown: at most one is visible. It is silent, unless
 * it is told anew, to somebody who had come back and went again.
 */
interface Told {
  readonly id: string;
  readonly session: string;
  readonly about: string;
  readonly title: string;
  readonly notice: "approval" | "answer" | "result" | "human";
  readonly tool: string;
}

const worker = globalThis as unknown as ServiceWorkerGlobalScope;

function text({ notice, tool }: Told): string {
  if (notice === "human") return "Somebody waits for a person.";
  if (notice === "approval") return `“${tool}” waits for your word.`;
  return notice === "result" ? `“${tool}” has ended while you were away.` : "An answer has come while you were away.";
}

async function show(told: Told): Promise<void> {
  const tag = `${told.session}/${told.about}`;
  const before = await worker.registration.getNotifications({ tag });
  const options: NotificationOptions & { renotify: boolean } = {
    body: text(told),
    tag,
    renotify: before.some((one) => (one.data as { id: string }).id !== told.id),
    icon: "/icon.svg",
    data: { session: told.session, id: told.id },
  };
  await worker.registration.showNotification(told.title === "" ? "Legato" : told.title, options);
}

/** The window that has it open already, or a new one. */
async function open(session: string): Promise<void> {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => new URL(one.url).hash.slice(1).split("&")[0] === session);
  await (there === undefined ? worker.clients.openWindow(`/#${session}`) : there.focus());
}

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("push", (event) => {
  if (event.data !== null) event.waitUntil(show(event.data.json() as Told));
});
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open((event.notification.data as { session: string }).session));
});

export {}; // a file of its own, whose names are nobody else's
