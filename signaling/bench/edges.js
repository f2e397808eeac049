// Tells the page when what it plays falls silent and begins to sound: the frame of the edge, and whether it sounds after it.
const LOUD = 0.003;
const SILENT_FRAMES = 960;
class Edges extends AudioWorkletProcessor {
  constructor() {
    super();
    this.loud = false;
    this.last = 0;
  }
  process([input]) {
    const channel = input[0] ?? [];
    for (let at = 0; at < channel.length; at++) {
      if (Math.abs(channel[at]) <= LOUD) continue;
      this.last = currentFrame + at;
      if (!this.loud) this.port.postMessage([this.last, (this.loud = true)]);
    }
    if (this.loud && currentFrame - this.last > SILENT_FRAMES) this.port.postMessage([this.last + 1, (this.loud = false)]);
    return true;
  }
}
registerProcessor("edges", Edges);
