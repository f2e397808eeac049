// Counts the frames of calls as they come, off the page's own thread, and passes them on; says when they came if asked.
let came = [];
onrtctransform = ({ transformer: { readable, writable } }) => {
  const counted = new TransformStream({
    transform(frame, out) {
      came.push(performance.timeOrigin + performance.now());
      out.enqueue(frame);
    },
  });
  void readable.pipeThrough(counted).pipeTo(writable).catch(() => undefined); // a call that is closed
};
onmessage = () => {
  postMessage(came);
  came = [];
};
