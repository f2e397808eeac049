// Tells the page when (ms since 1970) the first sample came that is not silence: the message itself waits for the page's thread.
class Onset extends AudioWorkletProcessor {
  constructor() {
    super();
    this.heard = false;
  }
  process(inputs) {
    if (!this.heard && inputs[0].some((channel) => channel.some((sample) => Math.abs(sample) > 0.002))) {
      this.heard = true;
      this.port.postMessage(Date.now());
    }
    return true;
  }
}
registerProcessor("onset", Onset);
