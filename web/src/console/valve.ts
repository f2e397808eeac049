/**
 * Whether anything that the console's microphone hears may leave the page. Nothing does where one only listens, and nothing
 * while the connection is lost, for then nobody knows where one stands: a call may go on when the page's own network is cut.
 * Who is back is heard again where the log says that they are to be, and nowhere else. Pure.
 */
import type { Place } from "./words";

export class Valve {
  private place: Place = "monitor";
  private live = false;
  private clicked = false;

  /** Where one stands by the log as it is known here, and whether the connection is there that tells it. */
  heed(place: Place, live: boolean): boolean {
    if (place !== this.place || !live) this.clicked = false; // what was clicked has come, or may never
    [this.place, this.live] = [place, live];
    return this.open;
  }

  /** The click that takes over: sound goes out before the log says so, and the hub lets nothing through before. */
  click(): boolean {
    this.clicked = this.live;
    return this.open;
  }

  /** What was clicked was refused. */
  refused(): boolean {
    this.clicked = false;
    return this.open;
  }

  /** Whether anything leaves the page. */
  get open(): boolean {
    return this.live && (this.clicked || this.place !== "monitor");
  }
}
