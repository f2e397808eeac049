/** A clock for a page whose own timers are slowed when nobody looks at it: a message each so many ms, 0 for none. */
let timer: ReturnType<typeof setInterval> | undefined;

onmessage = ({ data }: MessageEvent<number>) => {
  clearInterval(timer);
  if (data > 0) timer = setInterval(() => postMessage(null), data);
};
