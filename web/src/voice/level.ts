const samples = new Float32Array(1024);

/** How loud what an analyser hears is now (root mean square), 0 to 1. */
export function levelOf(meter: AnalyserNode): number {
  meter.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
