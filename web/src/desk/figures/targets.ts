// What a district may promise of one clock; the server refuses the same, this says it beside the fields.
export interface Goal {
  seconds: number
  percent: number
}
export const MOST = 5
const DAY_S = 86_400

/** Why the steps of one clock make no sense, or nothing. */
export function problemOf(goals: Goal[]): 'number' | 'rising' | null {
  const whole = goals.every(({ seconds, percent }) => Number.isInteger(seconds) && seconds > 0 && seconds <= DAY_S && percent > 0 && percent <= 100)
  if (!goals.length || goals.length > MOST || !whole) return 'number'
  const rises = goals.every((goal, i) => {
    const before = goals[i - 1]
    return !before || (before.seconds < goal.seconds && before.percent <= goal.percent)
  })
  return rises ? null : 'rising'
}
