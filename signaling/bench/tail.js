// Keeps the last of what sounds, up to its last loud sample; tells it when asked, with how many frames of silence came since.
const KEPT = 24_000;
const LOUD = 0.003;
const OVER_FRAMES = 4_800;
class Tail extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Float32Array(KEPT);
    this.clear();
    this.port.onmessage = ({ data }) => (data === "clear" ? this.clear() : this.tell());
  }
  clear() {
    this.ring.fill(0);
    this.at = 0;
    this.silent = OVER_FRAMES;
    this.sounded = false;
  }
  tell() {
    const end = this.at - Math.min(this.silent, OVER_FRAMES);
    const kept = Int16Array.from({ length: KEPT - OVER_FRAMES }, (_, back) => {
      const sample = this.ring[(end - KEPT + OVER_FRAMES + back + 2 * KEPT) % KEPT];
      return Math.max(-1, Math.min(1, sample)) * 32767;
    });
    this.port.postMessage([this.sounded ? this.silent : 0, kept]);
  }
  process([input]) {
    for (const sample of input[0] ?? new Float32Array(128)) {
      if (Math.abs(sample) > LOUD) {
        this.silent = 0;
        this.sounded = true;
      } else this.silent++;
      if (this.silent > OVER_FRAMES) continue;
      this.ring[this.at] = sample;
      this.at = (this.at + 1) % KEPT;
    }
    return true;
  }
}
registerProcessor("tail", Tail);
