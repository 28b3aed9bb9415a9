// Runs in the operator's page before anything else, and notes down what she sees and how long she waits.
const ROWS = ".queue a[href*='/alarms/']"
const number = (row) => Number(/alarms\/(\d+)/.exec(row.getAttribute('href'))?.[1])
const rows = () => [...document.querySelectorAll(ROWS)].map(number)
const marked = () => document.querySelector('.queue [aria-current=true]')?.getAttribute('href') ?? ''
window.noted = { seen: {}, keys: [], long: [], rows }

/** After the frame that is being made has been handed over. */
function afterPaint(then) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel()
    channel.port1.onmessage = then
    channel.port2.postMessage(0)
  })
}

new MutationObserver((changes) => {
  const fresh = []
  for (const { addedNodes } of changes)
    for (const node of addedNodes) {
      if (!(node instanceof Element)) continue
      const added = node.matches(ROWS) ? [node] : node.querySelectorAll(ROWS)
      for (const row of added) if (!(number(row) in noted.seen)) fresh.push(number(row))
    }
  if (fresh.length)
    afterPaint(() => {
      const now = Date.now()
      for (const id of fresh) noted.seen[id] ??= now
    })
}).observe(document, { childList: true, subtree: true })

new PerformanceObserver((list) => {
  for (const task of list.getEntries()) noted.long.push(task.duration)
}).observe({ type: 'longtask' })

addEventListener(
  'keydown',
  (event) => {
    const from = event.timeStamp
    const before = marked()
    if (rows().length < 2) return // nowhere to go
    const look = () => {
      if (marked() !== before) afterPaint(() => noted.keys.push(performance.now() - from))
      else if (performance.now() - from < 5000) requestAnimationFrame(look)
      else noted.keys.push(performance.now() - from)
    }
    requestAnimationFrame(look)
  },
  true,
)
