// Times, money and durations as people say them: short, local, in 元.
let zone = 'Asia/Shanghai'

/** The district's zone, as the session says; a desk abroad still shows the district's time. */
export function setZone(name: string): void {
  zone = name
}

type When = string | number | Date

function parts(at: When, options: Intl.DateTimeFormatOptions): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
  return Object.fromEntries(format.formatToParts(new Date(at)).map((part) => [part.type, part.value]))
}

/** `14:06` */
export function time(at: When): string {
  const { hour, minute } = parts(at, { hour: '2-digit', minute: '2-digit' })
  return `${hour}:${minute}`
}

/** `14:06:31` */
export function timeWithSeconds(at: When): string {
  const { hour, minute, second } = parts(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return `${hour}:${minute}:${second}`
}

/** The local calendar day, `2026-11-23`. */
export function day(at: When): string {
  const { year, month, day: date } = parts(at, { year: 'numeric', month: '2-digit', day: '2-digit' })
  return `${year}-${month}-${date}`
}

/** The day after some days, from a calendar day. */
export function dayPlus(from: string, days: number): string {
  return new Date(Date.parse(`${from}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** `11月23日 周一` or `Mon 23 Nov`; takes a calendar day or a time. */
export function dayInWords(at: When, language: string): string {
  const calendar = typeof at === 'string' && /^\d{4}-\d\d-\d\d$/.test(at)
  const chinese = language !== 'en'
  const format = new Intl.DateTimeFormat(chinese ? 'zh-CN' : 'en-GB', {
    timeZone: calendar ? 'UTC' : zone,
    month: chinese ? 'numeric' : 'short',
    day: 'numeric',
    weekday: 'short',
  })
  const found = Object.fromEntries(format.formatToParts(new Date(at)).map((part) => [part.type, part.value]))
  if (chinese) return `${found.month}月${found.day}日 ${found.weekday}`
  return `${found.weekday} ${found.day} ${found.month}`
}

/** `11月1日–11月30日` or `1 Nov – 30 Nov`: two calendar days and what lies between. */
export function span(first: string, last: string, language: string): string {
  const chinese = language !== 'en'
  const format = new Intl.DateTimeFormat(chinese ? 'zh-CN' : 'en-GB', { timeZone: 'UTC', month: chinese ? 'numeric' : 'short', day: 'numeric' })
  const said = (at: string): string => {
    const found = Object.fromEntries(format.formatToParts(new Date(at)).map((part) => [part.type, part.value]))
    return chinese ? `${found.month}月${found.day}日` : `${found.day} ${found.month}`
  }
  if (first === last) return said(first)
  return said(first) + (chinese ? '–' : ' – ') + said(last)
}

/** The time alone today, with the day before it otherwise. */
export function timeOrDay(at: When, now: When, language: string): string {
  return day(at) === day(now) ? time(at) : `${dayInWords(at, language)} ${time(at)}`
}

/** A wall-clock time of a calendar day in the district as a UTC instant: `2026-11-23`, `14:30`. */
export function instant(date: string, clock: string): string {
  const asUtc = Date.parse(`${date}T${clock}:00Z`)
  const guess = asUtc - offsetAt(asUtc)
  return new Date(asUtc - offsetAt(guess)).toISOString().replace('.000Z', 'Z')
}

/** Milliseconds the zone is ahead of UTC at an instant. */
function offsetAt(at: number): number {
  const seconds = Math.floor(at / 1000) * 1000
  return Date.parse(`${day(seconds)}T${timeWithSeconds(seconds)}Z`) - seconds
}

/** `00:23`, `12:07`, `3:05:00`: how long, for clocks that count. */
export function lasting(milliseconds: number): string {
  const all = Math.max(0, Math.floor(milliseconds / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60]
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`
}

/** Whole cents as 元: `120`, `83.50`, `1,204`. */
export function yuan(cents: number): string {
  const digits = cents % 100 === 0 ? 0 : 2
  const text = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Math.abs(cents) / 100)
  return cents < 0 ? `−${text}` : text
}

/** Whole cents with the sign of the currency: `¥1,234.50`. */
export function money(cents: number): string {
  const text = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(Math.abs(cents) / 100)
  return cents < 0 ? `−¥${text}` : `¥${text}`
}

/** `六合街道 河运社区 12-2-302`; a village that is its own estate is not said twice. */
export function placeInWords(division: string | undefined, address: string | undefined): string {
  if (!division || address?.startsWith(division)) return address ?? ''
  return [division, address].filter(Boolean).join(' ')
}

/** `380 m`, `2.4 km` */
export function metres(value: number): string {
  return value < 1000 ? `${Math.round(value)} m` : `${(value / 1000).toFixed(1)} km`
}

/** History names people with their login, `赵敏 (zhaomin)`; a reader wants 赵敏. */
export const personOf = (by: string): string => by.replace(/ \([\w.-]+\)$/, '')
