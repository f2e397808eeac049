// Tells the page of the first sample that is not silence.
class Onset extends AudioWorkletProcessor {
  constructor() {
    super();
    this.heard = false;
  }
  process(inputs) {
    if (!this.heard && inputs[0].some((channel) => channel.some((sample) => Math.abs(sample) > 0.002))) {
      this.heard = true;
      this.port.postMessage(currentTime);
    }
    return true;
  }
}
registerProcessor("onset", Onset);
