// Every value the server may answer has a word in both languages.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Schema {
  enum?: string[]
}
const ROOT = join(__dirname, '..')
const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as unknown
const schemas = (read('openapi.json') as { components: { schemas: Record<string, Schema> } }).components.schemas

/** Area and path of the words → the enum's name in the OpenAPI document. */
const WORDS: [string, string, string][] = [
  ['enums', 'role', 'Role'],
  ['enums', 'sex', 'Sex'],
  ['enums', 'level', 'AbilityLevel'],
  ['enums', 'category', 'Category'],
  ['enums', 'relation', 'Relation'],
  ['enums', 'team_role', 'TeamRole'],
  ['enums', 'skill', 'Skill'],
  ['enums', 'aid', 'AidCategory'],
  ['enums', 'head', 'Head'],
  ['enums', 'approval', 'Approval'],
  ['enums', 'evidence', 'app__catalogue__rules__Evidence'],
  ['enums', 'fee_unit', 'FeeUnit'],
  ['enums', 'fee_payer', 'FeePayer'],
  ['enums', 'why', 'WhyNot'],
  ['enums', 'pause', 'app__care_plans__rules__PauseReason'],
  ['enums', 'on_holidays', 'OnHolidays'],
  ['enums', 'signed_how', 'SignedHow'],
  ['enums', 'signal', 'AlarmKind'],
  ['enums', 'device', 'DeviceKind'],
  ['enums', 'alarm_state', 'app__alarms__rules__State'],
  ['enums', 'verdict', 'Verdict'],
  ['enums', 'order_state', 'OrderState'],
  ['enums', 'visit_state', 'VisitState'],
  ['enums', 'attendance_state', 'AttendanceState'],
  ['enums', 'entry', 'EntryKind'],
  ['enums', 'phone_event', 'EventKind'],
  ['enums', 'welfare_tier', 'RiskTier'],
  ['enums', 'welfare_way', 'WelfareWay'],
  ['enums', 'welfare_outcome', 'WelfareOutcome'],
  ['enums', 'welfare_topic', 'WelfareTopic'],
  ['enums', 'welfare_level', 'Concern'],
  ['welfare', 'finding', 'FindingKind'],
  ['welfare', 'state', 'FindingState'],
  ['welfare', 'visitor', 'Visitor'],
  ['welfare', 'unanswered_by', 'Unanswered'],
  ['enums', 'task_outcome', 'TaskOutcome'],
  ['enums', 'cause', 'Cause'],
  ['enums', 'resolution', 'Resolution'],
  ['desk', 'devices.fault', 'Fault'],
  ['devices', 'remedy', 'Remedy'],
  ['devices', 'shared', 'Shared'],
  ['devices', 'unknown', 'Unknown'],
  ['devices', 'power', 'Power'],
  ['desk', 'review.flaw', 'Flaw'],
  ['assessments', 'kind', 'AssessmentKind'],
  ['assessments', 'state', 'AssessmentState'],
  ['assessments', 'venue', 'Venue'],
  ['assessments', 'source', 'Source'],
  ['assessments', 'risk', 'RiskEvent'],
  ['assessments', 'reason', 'ChangeReason'],
  ['assessments', 'domain', 'Domain'],
  ['stock', 'state', 'DeviceState'],
  ['stock', 'transport', 'Transport'],
  ['stock', 'power', 'Power'],
  ['stock', 'command', 'Command'],
  ['stock', 'key.kind', 'CredentialKind'],
  ['stock', 'key.state', 'CredentialState'],
  ['stock', 'imports.state', 'ImportState'],
  ['stock', 'problem', 'ProblemCode'],
  ['stock', 'remedy', 'ProblemCode'],
  ['settlement', 'state', 'StatementState'],
  ['settlement', 'kind', 'LineKind'],
  ['settlement', 'withheld', 'Withheld'],
  ['settlement', 'sample', 'SampleState'],
  ['settlement', 'rule', 'DeductionRule'],
  ['settlement', 'terms_state', 'ContractState'],
  ['settlement', 'dispute_state', 'DisputeState'],
  ['settlement', 'appeal.state', 'AppealState'],
  ['phone', 'doubts.flaw', 'Flaw'],
  ['alarms', 'target', 'Target'],
  ['alarms', 'result', 'Result'],
  ['meals', 'meal', 'Meal'],
  ['meals', 'way', 'MealWay'],
  ['meals', 'diet', 'Diet'],
  ['meals', 'state', 'MenuState'],
  ['meals', 'why', 'NotTaken'],
  ['meals', 'finding', 'Finding'],
  ['meals', 'receiver', 'Receiver'],
  ['money', 'kind', 'ProgramKind'],
  ['money', 'state', 'TermsState'],
  ['money', 'scale', 'Scale'],
  ['money', 'why.rule', 'EligibilityRule'],
  ['money', 'life.kind', 'LifeKind'],
  ['money', 'life.source', 'LifeSource'],
]

it.each(WORDS)('%s.%s has a word for every %s', (area, path, name) => {
  const values = schemas[name]?.enum ?? schemas[name.split('__').at(-1) ?? '']?.enum
  expect(values, `${name} is not in openapi.json`).toBeDefined()
  for (const language of ['zh-CN', 'en']) {
    let words = read(`src/locales/${language}/${area}.json`) as Record<string, unknown>
    for (const step of path.split('.')) words = words[step] as Record<string, unknown>
    expect(Object.keys(words), language).toEqual(expect.arrayContaining(values ?? []))
  }
})
