// Ticks from a thread of its own: a hidden tab's timers are slowed down to one a minute, a worker's are not.
onmessage = ({ data: ms }: MessageEvent<number>) => setInterval(() => postMessage(ms), ms)
