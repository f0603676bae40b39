// As process 1 of a container, a program ignores SIGTERM until it handles it. The modules that
// main.js loads take about a second, so this one comes first.

/** @type {() => void} */
let stop = () => process.exit(0);

process.on('SIGTERM', () => stop());
process.on('SIGINT', () => stop());

/** @param {() => void} handler called at most once */
export function onStop(handler) {
  stop = () => {
    stop = () => {};
    handler();
  };
}
