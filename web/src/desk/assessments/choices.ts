// Which row of short words an item's scores have; most items are about doing something alone or with help.
const OWN: Record<string, string> = {
  bladder_control: 'control',
  bowel_control: 'control',
  stairs: 'stairs',
  time_orientation: 'time',
  place_orientation: 'place',
  person_orientation: 'person',
  memory: 'memory',
  comprehension: 'comprehension',
  expression: 'expression',
  aggression: 'absent',
  depression: 'absent',
  consciousness: 'consciousness',
  vision: 'vision',
  hearing: 'hearing',
  transport: 'transport',
  social_contact: 'social',
}

/** The key of the words for one score of an item. */
export const choiceKey = (item: string, score: number): string => `assessments.choice.${OWN[item] ?? 'doing'}.${score}`

/** How two scores of an item compare: an arrow up is better. */
export function trend(now: number | undefined, before: number | undefined): 'better' | 'worse' | 'same' | null {
  if (now === undefined || before === undefined) return null
  return now === before ? 'same' : now > before ? 'better' : 'worse'
}

/** The item to answer after this one: the next unanswered, round the end; null when there is none. */
export function nextUnanswered(items: string[], answered: Record<string, number>, after: string | null): string | null {
  const from = after ? items.indexOf(after) + 1 : 0
  return [...items.slice(from), ...items.slice(0, from)].find((item) => answered[item] === undefined) ?? null
}
