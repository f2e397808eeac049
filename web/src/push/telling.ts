/** Being told by Web Push while one is away: this browser subscribes, or does so no more. */
import type { Session, View } from "../client";
import { of } from "../client/state";

/** The person, or the browser's settings, do not let this page tell anything. */
export class DeniedError extends Error {
  override readonly name = "DeniedError";
}

const WORKER = "/service_worker.js";
const KEPT = "legato:push:";

/** Whether this browser can be told, and the hub tells. */
export function offered(session: Session): boolean {
  return session.pushKey !== "" && "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

/** The name of this browser's subscription to the session; "" if it has none that counts. */
export function subscribed(view: View): string {
  const name = localStorage.getItem(KEPT + view.session) ?? "";
  const known = of(view.state.pushes, name);
  return known !== undefined && known.participant === view.participant && Notification.permission === "granted" ? name : "";
}

/** Tell this browser of what waits in the session from now on. Rejects with `DeniedError`. */
export async function subscribe(session: Session): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new DeniedError();
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  const { endpoint, keys } = (await fresh(pushManager, session.pushKey)).toJSON();
  const given = await session.requests.sealPush({ endpoint: endpoint ?? "", p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" });
  localStorage.setItem(KEPT + session.view.session, given.subscription);
  await session.do([{ type: "subscribe_push", ...given }]);
}

/** No more of it. The browser's own subscription stays: other sessions may use it. */
export async function unsubscribe(session: Session): Promise<void> {
  const subscription = subscribed(session.view);
  localStorage.removeItem(KEPT + session.view.session);
  if (subscription !== "") await session.do([{ type: "unsubscribe_push", subscription }]);
}

/** Who is here sees what there is: what was told of the session is taken down. */
export async function seen(session: string): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration(WORKER);
  for (const shown of (await registration?.getNotifications()) ?? []) {
    if ((shown.data as { session?: string } | null)?.session === session) shown.close();
  }
}

/** The browser's subscription for this hub; one that was made for another key is replaced. */
async function fresh(manager: PushManager, key: string): Promise<PushSubscription> {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await manager.subscribe(options);
  } catch (problem) {
    const other = await manager.getSubscription();
    if (other === null) throw problem;
    await other.unsubscribe();
    return manager.subscribe(options);
  }
}
